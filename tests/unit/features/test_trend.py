"""Aroon and Ichimoku: the contract, TA-Lib and pandas. Trailing stops: TA-Lib and the published rules written out."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile
from tests.unit.features.unrounded import prices, unrounded
from tradebot.core.features import trend, trend_stops

ORDINARY = ("walk", "gaps overnight", "minutes missing", "stale", "always down", "split by twenty")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("family", [trend, trend_stops], ids=["trend", "trend_stops"])
def test_contract(family, check) -> None:
    check(family)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_windows_agree_with_talib_and_pandas(bars) -> None:
    d = bars.frame()
    _, h, l, _, _ = prices(bars)
    down, up = talib.AROON(h, l, 25)

    def middle(n):
        return (d.high.rolling(n).max() + d.low.rolling(n).min()) / 2

    expected = {
        "aroon_up_25": up, "aroon_down_25": down, "aroon_oscillator_25": talib.AROONOSC(h, l, 25),
        "ichimoku_tenkan_rel": middle(9) / d.close - 1, "ichimoku_kijun_rel": middle(26) / d.close - 1,
        "ichimoku_senkou_a_rel": (middle(9) + middle(26)) / 2 / d.close - 1, "ichimoku_senkou_b_rel": middle(52) / d.close - 1,
    }  # fmt: skip
    assert set(expected) == {f.name for f in trend.FEATURES}
    agree(trend, bars, expected)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_parabolic_stop_agrees_with_talib_in_every_session(seed) -> None:
    bars = unrounded(seed, sessions=4)
    _, h, l, c, _ = prices(bars)
    sar, side = np.zeros(len(c)), np.zeros(len(c))
    for start in bars.first_of_session():
        part = slice(start, start + 390)
        sar[part] = talib.SAR(h[part], l[part], 0.02, 0.2)
        # TA-Lib doesn't tell the side; a stop lies below the bar of a long and above that of a short.
        side[part] = np.where(sar[part] <= l[part], 1.0, -1.0)
        sar[start], side[start] = c[start], 0.0
    agree(trend_stops, bars, {"psar_distance": (c - sar) / c, "psar_direction": side})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_supertrend_agrees_with_the_published_rules(seed) -> None:
    bars = unrounded(seed, sessions=3)
    _, h, l, c, _ = prices(bars)
    line, side = np.empty(len(c)), np.empty(len(c))
    for start in bars.first_of_session():
        atr = 0.0
        for t in range(start, start + 390):
            true_range = h[t] - l[t] if t == start else max(h[t] - l[t], abs(h[t] - c[t - 1]), abs(l[t] - c[t - 1]))
            atr = true_range if t == start else (9 * atr + true_range) / 10
            basic_upper, basic_lower = (h[t] + l[t]) / 2 + 3 * atr, (h[t] + l[t]) / 2 - 3 * atr
            if t == start:
                upper, lower, up = basic_upper, basic_lower, True
            else:
                upper = basic_upper if basic_upper < upper or c[t - 1] > upper else upper
                lower = basic_lower if basic_lower > lower or c[t - 1] < lower else lower
            up = c[t] >= lower if up else c[t] > upper
            line[t], side[t] = (lower, 1.0) if up else (upper, -1.0)
    assert {-1.0, 1.0} == set(side)
    agree(trend_stops, bars, {"supertrend_distance": (c - line) / c, "supertrend_direction": side})


def test_a_constant_price_gives_the_neutral_values() -> None:
    bars = next(b for b in hostile() if b.name == "constant")
    neutral = {"aroon_up_25": 100.0, "aroon_down_25": 100.0, "psar_direction": None, "supertrend_direction": 1.0}
    for family in (trend, trend_stops):
        for name, values in run(family, bars).items():
            wanted = neutral.get(name, 0.0)
            assert wanted is None or set(values[~np.isnan(values)]) == {wanted}, name
