"""Oscillators of the range: where the close lies in it, and what the true ranges add up to.

    stoch_fast_k_14 = 100 (c - l) / (h - l) with the extremes h, l of 14 bars, 50 where the range is 0
    stoch_k_14 = mean of 3 stoch_fast_k;  stoch_d_14 = mean of 3 stoch_k;  williams_r_14 = stoch_fast_k_14 - 100
    choppiness_14 = 100 log(sum14 true range / (h - l)) / log(14), clipped to 0..100, 100 where the range is 0
    ultimate_7_14_28 = 100 (4 a7 + 2 a14 + a28) / 7, a_n = sum_n(c - min(l, c[-1])) / sum_n(true range), 1/2 where that is 0
    vortex_plus_14 = sum |h - l[-1]| / sum true range, vortex_minus_14 = sum |l - h[-1]| / sum true range, 14 bars, 1 where that is 0

Source: Lane, TA-Lib STOCH(14, 3, 3) and STOCHF; Williams, TA-Lib WILLR and ULTOSC; Dreiss's choppiness index; Botes and Siepman (2010).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, HIGH_AT, LOW_AT, TRUE_RANGE_AT
from tradebot.core.kernels.ages import span_max, span_min
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import shift_in
from tradebot.core.kernels.rolling import ratio
from tradebot.core.kernels.spans import span_gaps, span_sum

_HLC = ("high", "low", "close")
FEATURES: tuple[Feature, ...] = (
    F("stoch_fast_k_14", "100 (c - min14(l)) / (max14(h) - min14(l)), 50 where that is 0", "0-100", _HLC, 14, True, 0.0, 100.0, "STOCHF"),
    F("stoch_k_14", "sma3(stoch_fast_k_14)", "0-100", _HLC, 16, True, 0.0, 100.0, "TA-Lib STOCH"),
    F("stoch_d_14", "sma3(stoch_k_14)", "0-100", _HLC, 18, True, 0.0, 100.0, "TA-Lib STOCH"),
    F("williams_r_14", "stoch_fast_k_14 - 100", "-100-0", _HLC, 14, True, -100.0, 0.0, "TA-Lib WILLR"),
    F("choppiness_14", "100 log14(sum14 true range / (max14(h) - min14(l))), 100 where 0", "0-100", _HLC, 15, True, 0.0, 100.0, "Dreiss"),
    F("ultimate_7_14_28", "100 (4 a7 + 2 a14 + a28) / 7 of buying pressure / true range", "0-100", _HLC, 29, True, 0.0, 100.0, "ULTOSC"),
    F("vortex_plus_14", "sum14 |h - l[-1]| / sum14 true range, 1 where that is 0", "ratio", _HLC, 15, True, 0.0, source="Botes 2010"),
    F("vortex_minus_14", "sum14 |l - h[-1]| / sum14 true range, 1 where that is 0", "ratio", _HLC, 15, True, 0.0, source="Botes 2010"),
)
_FAST_BARS, _BOUGHT_BARS = 5, 28
_FAST, _BOUGHT = 0, 5
STATE_WIDTH = _BOUGHT + 28  # the last 5 fast k, the last 28 buying pressures, oldest first

_PER_LOG_14 = 100.0 / math.log(14.0)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close, before = row[CLOSE], state[end + CLOSE_AT - 1]
    high_at, low_at, ranges_at = end + HIGH_AT, end + LOW_AT, end + TRUE_RANGE_AT
    bottom = span_min(state, low_at, 0, 13)
    spread = span_max(state, high_at, 0, 13) - bottom
    fast = 100.0 * ((close - bottom) / spread) if spread > 0.0 else 50.0
    shift_in(state, s + _FAST, _FAST_BARS, fast)
    k0, k1, k2, k3 = state[s + _FAST], state[s + _FAST + 1], state[s + _FAST + 2], state[s + _FAST + 3]
    out[f] = fast
    out[f + 1] = (fast + k3 + k2) / 3.0
    out[f + 2] = (k0 + 2.0 * k1 + 3.0 * k2 + 2.0 * k3 + fast) / 9.0
    out[f + 3] = fast - 100.0

    low = state[low_at]
    shift_in(state, s + _BOUGHT, _BOUGHT_BARS, close - (low if low < before else before))
    bought_at = s + _BOUGHT + _BOUGHT_BARS - 1
    range_7 = span_sum(state, ranges_at, 0, 6, 0.0)
    range_14 = range_7 + span_sum(state, ranges_at, 7, 13, 0.0)
    range_28 = range_14 + span_sum(state, ranges_at, 14, 27, 0.0)
    bought_7 = span_sum(state, bought_at, 0, 6, 0.0)
    bought_14 = bought_7 + span_sum(state, bought_at, 7, 13, 0.0)
    bought_28 = bought_14 + span_sum(state, bought_at, 14, 27, 0.0)
    shares = 4.0 * ratio(bought_7, range_7, 0.5) + 2.0 * ratio(bought_14, range_14, 0.5) + ratio(bought_28, range_28, 0.5)
    out[f + 4] = min(100.0, max(0.0, _PER_LOG_14 * math.log(range_14 / spread))) if spread > 0.0 else 100.0
    out[f + 5] = min(100.0, 100.0 * shares / 7.0)
    out[f + 6] = ratio(span_gaps(state, high_at, low_at - 1, 14), range_14, 1.0)
    out[f + 7] = ratio(span_gaps(state, low_at, high_at - 1, 14), range_14, 1.0)
