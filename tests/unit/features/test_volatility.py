"""Volatility family: the contract, and every column against pandas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import volatility

ORDINARY = ("walk", "gaps overnight", "minutes missing", "one print a minute", "split by twenty")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(volatility)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    c = bars.frame().close
    r = c.pct_change()

    def std(n):  # not rolling().std(), whose running sums keep a residue of what has left the window
        return r.rolling(n).apply(lambda x: x.std(ddof=1), raw=True)

    v5, v20, v50 = std(5), std(20), std(50)
    mean, dev = v20.rolling(240).mean(), v20.rolling(240).apply(lambda x: x.std(ddof=1), raw=True)
    drawdown = 100 * (c / c.rolling(14).max() - 1)
    expected = {
        "volatility_3m": std(3), "volatility_5m": v5, "volatility_15m": std(15), "volatility_20": v20, "volatility_50": v50,
        "volatility_60": std(60), "vol_of_vol": v5.rolling(10).apply(lambda x: x.std(ddof=1), raw=True),
        "volatility_ratio_5_20": (v5 / v20).where(v20 > 0, 1.0), "volatility_50_mean": v50.rolling(240).mean(),
        "volatility_mean_240": mean, "volatility_std_240": dev,
        "volatility_zscore_240": (v20 - mean) / dev, "volatility_ratio_20_240": v20 / mean,
        "trend_strength_20": r.rolling(20).mean().abs() / v20, "mean_absolute_return_20": r.abs().rolling(20).mean(),
        "downside_deviation_20": r.rolling(20).apply(lambda x: np.sqrt(np.mean(np.minimum(x, 0) ** 2)), raw=True),
        "upside_deviation_20": r.rolling(20).apply(lambda x: np.sqrt(np.mean(np.maximum(x, 0) ** 2)), raw=True),
        "ulcer_index_14": drawdown.rolling(14).apply(lambda x: np.sqrt(np.mean(x**2)), raw=True),
    }  # fmt: skip
    assert set(expected) | {"volatility_percentile"} == {f.name for f in volatility.FEATURES}
    agree(volatility, bars, expected, rtol=1e-8)


def test_a_constant_price_gives_the_neutral_values() -> None:
    got = run(volatility, next(b for b in hostile() if b.name == "constant"))
    one = {"volatility_ratio_5_20", "volatility_ratio_20_240"}
    for f in volatility.FEATURES:
        neutral = 1.0 if f.name in one else 100.0 if f.name == "volatility_percentile" else 0.0
        assert set(got[f.name][f.warm_up_bars - 1 :]) == {neutral}, f.name


def test_a_jump_that_has_left_the_window_leaves_nothing_behind() -> None:
    bars = walk(sessions=2)
    jumped = walk(sessions=2)
    jumped.rows[5, :4] *= 1e7
    calm, after = run(volatility, bars), run(volatility, jumped)
    for f in volatility.FEATURES:
        first = 7 + f.warm_up_bars
        np.testing.assert_allclose(after[f.name][first:], calm[f.name][first:], rtol=1e-12, err_msg=f.name)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_the_percentile_counts_the_volatilities_up_to_the_newest(bars) -> None:
    v20 = bars.frame().close.pct_change().rolling(20).apply(lambda x: x.std(ddof=1), raw=True)
    below, upto = (v20.rolling(240).apply(lambda x, k=k: 100 * np.mean(x <= x[-1] * k), raw=True)[259:] for k in (1 - 1e-12, 1 + 1e-12))
    got = run(volatility, bars)["volatility_percentile"][259:]
    assert ((got >= np.maximum(below - 1e-9, 100 / 240 - 1e-9)) & (got <= upto + 1e-9)).all()  # near ties may count or not
    assert len(set(got)) > 100
