"""Trend over finite windows of highs, lows and closes: Aroon, Ichimoku, vertical-horizontal filter.

    aroon_up_25 = 100 (25 - bars since the highest high of 26 bars) / 25, aroon_down_25 likewise with the lowest low
    aroon_oscillator_25 = aroon_up_25 - aroon_down_25
    ichimoku_x_rel = x / c - 1:  tenkan = middle of 9 bars, kijun = of 26, senkou_a = (tenkan + kijun) / 2, senkou_b = middle of 52;
        middle of n = (highest high + lowest low) / 2. The spans are as computed now, not as drawn 26 bars later
    vhf_28 = (highest close - lowest close of 29) / sum |c - c[-1]| over 28 bars, 0 where nothing moved

Source: Chande (1995), TA-Lib AROON; Hosoda's Ichimoku; White (1991).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, HIGH_AT, LOW_AT
from tradebot.core.kernels.ages import max_age, min_age, span_max, span_min
from tradebot.core.kernels.spans import span_path

_HL, _HLC = ("high", "low"), ("high", "low", "close")
FEATURES: tuple[Feature, ...] = (
    F("aroon_up_25", "100 (25 - bars since the high of 26 bars) / 25", "0-100", ("high",), 26, True, 0.0, 100.0, "TA-Lib AROON"),
    F("aroon_down_25", "100 (25 - bars since the low of 26 bars) / 25", "0-100", ("low",), 26, True, 0.0, 100.0, "TA-Lib AROON"),
    F("aroon_oscillator_25", "aroon_up_25 - aroon_down_25", "points", _HL, 26, True, -100.0, 100.0, "TA-Lib AROONOSC"),
    F("ichimoku_tenkan_rel", "(max9(h) + min9(l)) / 2 / c - 1", "fraction", _HLC, 9, True, -1.0, source="Hosoda"),
    F("ichimoku_kijun_rel", "(max26(h) + min26(l)) / 2 / c - 1", "fraction", _HLC, 26, True, -1.0, source="Hosoda"),
    F("ichimoku_senkou_a_rel", "(tenkan + kijun) / 2 / c - 1, unshifted", "fraction", _HLC, 26, True, -1.0, source="Hosoda"),
    F("ichimoku_senkou_b_rel", "(max52(h) + min52(l)) / 2 / c - 1, unshifted", "fraction", _HLC, 52, True, -1.0, source="Hosoda"),
    F("vhf_28", "(max29(c) - min29(c)) / sum28 |c - c[-1]|, 0 where that is 0", "share", ("close",), 29, True, 0.0, 1.0, "White 1991"),
)
STATE_WIDTH = 6  # ages of the extremes: highs and lows of 26 and 52 bars, closes of 29


@njit(cache=True, error_model="numpy")
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    high_at, low_at = end + HIGH_AT, end + LOW_AT
    high_age, low_age = max_age(state, s, high_at, 26), min_age(state, s + 1, low_at, 26)
    up, down = 100.0 * (25 - high_age) / 25.0, 100.0 * (25 - low_age) / 25.0
    out[f] = up
    out[f + 1] = down
    out[f + 2] = up - down

    # The difference of each extreme from the close, so that a constant price gives exactly 0.
    tenkan = 0.5 * ((span_max(state, high_at, 0, 8) - close) + (span_min(state, low_at, 0, 8) - close)) / close
    kijun = 0.5 * ((state[high_at - high_age] - close) + (state[low_at - low_age] - close)) / close
    top, bottom = state[high_at - max_age(state, s + 2, high_at, 52)], state[low_at - min_age(state, s + 3, low_at, 52)]
    out[f + 3] = tenkan
    out[f + 4] = kijun
    out[f + 5] = 0.5 * (tenkan + kijun)
    out[f + 6] = 0.5 * ((top - close) + (bottom - close)) / close

    c = end + CLOSE_AT
    path = span_path(state, c, 28)
    reach = state[c - max_age(state, s + 4, c, 29)] - state[c - min_age(state, s + 5, c, 29)]
    out[f + 7] = min(1.0, reach / path) if path > 0.0 else 0.0
