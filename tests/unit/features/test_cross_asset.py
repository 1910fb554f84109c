"""Against the reference: the contract, pandas and scipy, and a reference that comes late, goes, or is the symbol itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import Bars, hostile, walk
from tradebot.core.features import cross_asset
from tradebot.core.features import feature as row


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(cross_asset)


def residual_std(r: np.ndarray, q: np.ndarray) -> float:
    fit = stats.linregress(q, r)
    return float(np.sqrt(((r - fit.intercept - fit.slope * q) ** 2).sum() / 58))


def expected(bars: Bars) -> dict[str, pd.Series]:
    one = bars.frame()
    here = one["reference"].notna()
    r, reference = np.log(one["close"]).diff(), np.log(one["reference"].ffill())
    q = reference.diff()
    spread = np.log(one["close"]) - reference
    out = {"reference_return": q, "reference_momentum_15": q.rolling(15).sum(), "reference_volatility_20": q.rolling(20).std()}
    out["beta_60"] = (r.rolling(60).cov(q) / q.rolling(60).var()).clip(-10, 10)
    out |= {f"correlation_{n}": r.rolling(n).corr(q) for n in (20, 60)}
    out["idiosyncratic_volatility_60"] = pd.Series(
        [residual_std(r.to_numpy()[i - 59 : i + 1], q.to_numpy()[i - 59 : i + 1]) if i >= 60 else np.nan for i in range(len(r))]
    )
    out |= {f"relative_strength_{n}": spread.diff(n) for n in (15, 60)}
    out["spread_zscore_60"] = (spread - spread.rolling(60).mean()) / spread.rolling(60).std()
    return {name: values.where(here) for name, values in out.items()}


def market(bars: Bars) -> Bars:
    """The same bars with a close that follows the reference 1.5 times, and noise."""
    rows = bars.rows.copy()
    noise = np.cumsum(np.random.default_rng(1).normal(0, 3e-4, len(rows)))
    rows[:, row.CLOSE] = 40 * (rows[:, row.REFERENCE] / rows[0, row.REFERENCE]) ** 1.5 * np.exp(noise)
    return replace(bars, name="market", rows=rows)


HISTORIES = (market(walk(sessions=1)), *(b.part(600, 990) for b in hostile() if b.name in ("tape comes and goes", "minutes missing")))


@pytest.mark.parametrize("bars", HISTORIES, ids=lambda b: b.name)
def test_columns_are_those_of_pandas_and_scipy(bars: Bars) -> None:
    assert set(expected(bars)) == {f.name for f in cross_asset.FEATURES}
    agree(cross_asset, bars, expected(bars), rtol=1e-7, of_scale=1e-9)


def test_the_reference_against_itself() -> None:
    bars = walk(sessions=1)
    rows = bars.rows.copy()
    rows[:, row.REFERENCE] = rows[:, row.CLOSE]
    columns = run(cross_asset, replace(bars, rows=rows))
    for name, value in {"beta_60": 1.0, "correlation_60": 1.0, "spread_zscore_60": 0.0, "idiosyncratic_volatility_60": 0.0}.items():
        np.testing.assert_allclose(columns[name][60:], value, rtol=1e-12, err_msg=name)


def test_a_late_reference_counts_from_its_first_bar() -> None:
    bars = walk(sessions=1)
    rows = bars.rows.copy()
    rows[:100, row.REFERENCE] = np.nan
    late, from_there = run(cross_asset, replace(bars, rows=rows)), run(cross_asset, bars.part(100))
    for name, values in late.items():
        assert np.isnan(values[:100]).all()
        np.testing.assert_allclose(values[100:], from_there[name], atol=1e-14, err_msg=name)


def test_a_reference_that_stands_still() -> None:
    bars = walk(sessions=1)
    rows = bars.rows.copy()
    rows[:, row.REFERENCE] = 180.0
    columns = run(cross_asset, replace(bars, rows=rows))
    r = pd.Series(np.log(rows[:, row.CLOSE])).diff()
    np.testing.assert_allclose(columns["idiosyncratic_volatility_60"][60:], r.rolling(60).std()[60:], rtol=1e-9)
    for name, value in {"beta_60": 1.0, "correlation_20": 0.0, "reference_volatility_20": 0.0}.items():
        np.testing.assert_array_equal(columns[name][60:], value)
