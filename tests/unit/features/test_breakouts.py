"""Breakouts and session levels: the contract, and every column against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run, run_unmasked
from tests.unit.features.hostile import hostile
from tradebot.core.features import breakouts, levels

ORDINARY = ("walk", "gaps overnight", "minutes missing", "stale", "always up", "always down", "saw", "split by twenty")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("family", [breakouts, levels], ids=["breakouts", "levels"])
def test_contract(family, check) -> None:
    check(family)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_breakouts_agree_with_pandas(bars) -> None:
    d = bars.frame()
    h, l, c = d.high, d.low, d.close
    units = ((h - l) * 1e4).round()  # of ranges, so that equal ones are equal
    before_h, before_l = h.shift(), l.shift()
    high_55, low_55 = h.rolling(55).max(), l.rolling(55).min()
    spread = high_55 - low_55
    expected = {
        "breakout_high_5": c / before_h.rolling(5).max() - 1, "breakout_low_5": c / before_l.rolling(5).min() - 1,
        "channel_high_20": c / before_h.rolling(20).max() - 1, "channel_low_20": c / before_l.rolling(20).min() - 1,
        "bars_since_high_60": h.rolling(60).apply(lambda w: np.argmax(w[::-1]), raw=True),
        "bars_since_low_60": l.rolling(60).apply(lambda w: np.argmin(w[::-1]), raw=True),
        "narrow_range_7": (units < units.shift().rolling(6).min()) * 1.0,
        "inside_bars": _runs((h < before_h) & (l > before_l)).clip(upper=10),
        "higher_highs": _runs(h > before_h).clip(upper=20), "lower_lows": _runs(l < before_l).clip(upper=20),
        "donchian_width_20": (h.rolling(20).max() - l.rolling(20).min()) / c, "donchian_width_55": spread / c,
        "donchian_position_55": ((c - low_55) / spread).where(spread > 0, 0.5),
    }  # fmt: skip
    for n in (20, 60):
        expected[f"new_high_{n}"] = (h > before_h.rolling(n).max()) * 1.0
        expected[f"new_low_{n}"] = (l < before_l.rolling(n).min()) * 1.0
    assert set(expected) == {f.name for f in breakouts.FEATURES}
    agree(breakouts, bars, expected)


def _runs(held: pd.Series) -> pd.Series:
    """Bars in a row where `held`."""
    return held.groupby((~held).cumsum()).cumsum().astype(float)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in (*ORDINARY, "few minutes")], ids=lambda b: b.name)
def test_levels_agree_with_pandas(bars) -> None:
    d = bars.frame()
    c = d.close
    opening = (d.minute - d.session < 30) | (d.session != d.session.shift())
    top = d.high.where(opening).groupby(d.session).cummax().groupby(d.session).ffill()
    bottom = d.low.where(opening).groupby(d.session).cummin().groupby(d.session).ffill()
    days = d.groupby("session").agg(high=("high", "max"), low=("low", "min"), close=("close", "last")).shift()
    high, low, close = (days[name].loc[d.session].to_numpy() for name in ("high", "low", "close"))
    pivot = (high + low + close) / 3
    expected = {
        "opening_high_distance": (c - top) / c, "opening_low_distance": (c - bottom) / c,
        "opening_range_position": ((c - bottom) / (top - bottom)).where(top > bottom, 0.5),
        "pivot_distance": (c - pivot) / c, "pivot_r1_distance": (c - (2 * pivot - low)) / c,
        "pivot_s1_distance": (c - (2 * pivot - high)) / c,
        "pivot_r2_distance": (c - (pivot + high - low)) / c, "pivot_s2_distance": (c - (pivot - high + low)) / c,
    }  # fmt: skip
    assert set(expected) == {f.name for f in levels.FEATURES}
    if bars.name == "few minutes":  # too short for the declared warm-up: compare from the second session on
        second = int(bars.first_of_session()[1])
        got = run_unmasked(levels, bars)
        for name, values in expected.items():
            np.testing.assert_allclose(got[name][second:], np.asarray(values)[second:], rtol=1e-9, atol=1e-12, err_msg=name)
    else:
        agree(levels, bars, expected)


def test_a_constant_price_gives_the_neutral_values() -> None:
    bars = next(b for b in hostile() if b.name == "constant")
    half = {"donchian_position_55", "opening_range_position"}
    for family in (breakouts, levels):
        for name, values in run(family, bars).items():
            assert set(values[~np.isnan(values)]) == {0.5 if name in half else 0.0}, name
