"""Entropies, shares and runs: the contract, and counts taken anew from each window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import Bars, hostile, walk
from tradebot.core.features import entropy


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(entropy)


def share_of_largest(symbols: np.ndarray, kinds: int) -> float:
    return float(stats.entropy(np.unique(symbols, return_counts=True)[1]) / np.log(kinds))


def permutation_entropy(c: np.ndarray) -> float:
    orders = [tuple(np.argsort(c[i : i + 3], kind="stable")) for i in range(len(c) - 2)]
    return share_of_largest(np.array([100 * a + 10 * b + d for a, b, d in orders]), 6)


def runs(up: np.ndarray) -> float:
    n, n1 = len(up), up.sum()
    n2 = n - n1
    if n1 == 0 or n2 == 0:
        return 0.0
    mean = 2 * n1 * n2 / n + 1
    variance = 2 * n1 * n2 * (2 * n1 * n2 - n) / (n**2 * (n - 1))
    return float((1 + (np.diff(up) != 0).sum() - mean) / np.sqrt(variance))


def expected(bars: Bars) -> dict[str, pd.Series]:
    c = bars.frame()["close"]
    r, sign = np.log(c).diff(), np.sign(c.diff())
    z = r.rolling(20).apply(lambda x: (x.iloc[-1] - x.mean()) / x.std() if x.std() > 1e-12 else 0.0)
    bins = pd.Series(np.digitize(z, [-1.5, -0.75, -0.25, 0.25, 0.75, 1.5]).astype(float)).where(z.notna())
    return {
        "permutation_entropy_60": c.rolling(60).apply(lambda x: permutation_entropy(x.to_numpy())),
        "sign_entropy_60": sign.rolling(60).apply(lambda x: share_of_largest(x.to_numpy(), 3)),
        "return_entropy_60": bins.rolling(60).apply(lambda x: share_of_largest(x.to_numpy(), 7)),
        "up_share_60": (sign > 0).rolling(60).mean(),
        "zero_return_share_60": (sign == 0).rolling(60).mean(),
        "runs_zscore_60": (sign > 0).astype(float).rolling(60).apply(lambda x: runs(x.to_numpy())),
    }


SLICES = ("a penny stock at the tick", "split times ten", "stale", "seldom traded", "wild")


@pytest.mark.parametrize("bars", [walk(sessions=1), *(b.part(600, 990) for b in hostile() if b.name in SLICES)], ids=lambda b: b.name)
def test_counts_are_those_of_each_window(bars: Bars) -> None:
    assert set(expected(bars)) == {f.name for f in entropy.FEATURES}
    agree(entropy, bars, expected(bars), rtol=1e-9, of_scale=1e-12)


def test_a_constant_price_has_no_entropy() -> None:
    columns = run(entropy, next(b for b in hostile() if b.name == "constant"))
    for name, values in columns.items():
        np.testing.assert_array_equal(values[80:], 1.0 if name == "zero_return_share_60" else 0.0, err_msg=name)
