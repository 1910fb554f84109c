"""Trend over finite windows of highs and lows: Aroon and Ichimoku.

    aroon_up_25 = 100 (25 - bars since the highest high of 26 bars) / 25, aroon_down_25 likewise with the lowest low
    aroon_oscillator_25 = aroon_up_25 - aroon_down_25
    ichimoku_x_rel = x / c - 1:  tenkan = middle of 9 bars, kijun = of 26, senkou_a = (tenkan + kijun) / 2, senkou_b = middle of 52;
        middle of n = (highest high + lowest low) / 2. The spans are as computed now, not as drawn 26 bars later

Source: Chande (1995), TA-Lib AROON; Hosoda's Ichimoku.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import HIGH_AT, LOW_AT
from tradebot.core.kernels.ages import age_of, span_max, span_min
from tradebot.core.kernels.kernel import kernel

_HL, _HLC = ("high", "low"), ("high", "low", "close")
FEATURES: tuple[Feature, ...] = (
    F("aroon_up_25", "100 (25 - bars since the high of 26 bars) / 25", "0-100", ("high",), 26, True, 0.0, 100.0, "TA-Lib AROON"),
    F("aroon_down_25", "100 (25 - bars since the low of 26 bars) / 25", "0-100", ("low",), 26, True, 0.0, 100.0, "TA-Lib AROON"),
    F("aroon_oscillator_25", "aroon_up_25 - aroon_down_25", "points", _HL, 26, True, -100.0, 100.0, "TA-Lib AROONOSC"),
    F("ichimoku_tenkan_rel", "(max9(h) + min9(l)) / 2 / c - 1", "fraction", _HLC, 9, True, -1.0, source="Hosoda"),
    F("ichimoku_kijun_rel", "(max26(h) + min26(l)) / 2 / c - 1", "fraction", _HLC, 26, True, -1.0, source="Hosoda"),
    F("ichimoku_senkou_a_rel", "(tenkan + kijun) / 2 / c - 1, unshifted", "fraction", _HLC, 26, True, -1.0, source="Hosoda"),
    F("ichimoku_senkou_b_rel", "(max52(h) + min52(l)) / 2 / c - 1, unshifted", "fraction", _HLC, 52, True, -1.0, source="Hosoda"),
)
STATE_WIDTH = 0


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    per_c = 1.0 / close
    high_at, low_at = end + HIGH_AT, end + LOW_AT
    top_9, bottom_9 = span_max(state, high_at, 0, 8), span_min(state, low_at, 0, 8)
    top_26, bottom_26 = max(top_9, span_max(state, high_at, 9, 25)), min(bottom_9, span_min(state, low_at, 9, 25))
    top_52, bottom_52 = max(top_26, span_max(state, high_at, 26, 51)), min(bottom_26, span_min(state, low_at, 26, 51))

    up = 4.0 * (25 - age_of(state, high_at, 26, top_26))
    down = 4.0 * (25 - age_of(state, low_at, 26, bottom_26))
    out[f] = up
    out[f + 1] = down
    out[f + 2] = up - down

    # The difference of each extreme from the close, so that a constant price gives exactly 0.
    tenkan = 0.5 * ((top_9 - close) + (bottom_9 - close)) * per_c
    kijun = 0.5 * ((top_26 - close) + (bottom_26 - close)) * per_c
    out[f + 3] = tenkan
    out[f + 4] = kijun
    out[f + 5] = 0.5 * (tenkan + kijun)
    out[f + 6] = 0.5 * ((top_52 - close) + (bottom_52 - close)) * per_c
