"""Breakouts from the last bars' range, and how long a range or a run has lasted.

    breakout_high_5 = c / highest of the 5 highs before this bar - 1;  breakout_low_5 = c / lowest of the 5 lows before - 1
    channel_high_20, channel_low_20 = the same over the 20 bars before
    new_high_n = 1 where h is above the highs of the n bars before;  new_low_n = 1 where l is below their lows
    bars_since_high_60 = age of the highest high of 60 bars, 0 = this bar, the newest among equals;  bars_since_low_60 likewise
    narrow_range_7 = 1 where h - l is less than that of each of the 6 bars before (NR7)
    inside_bars = bars in a row, up to 10, with h < h[-1] and l > l[-1]
    higher_highs = bars in a row, up to 20, with h > h[-1];  lower_lows = with l < l[-1]
    donchian_width_n = (highest high - lowest low) / c of n bars
    donchian_position_55 = (c - lowest low) / (highest high - lowest low), 1/2 where that is 0 (price_position_20 is that of 20 bars)

Source: the seeds (breakout, channel), SYSTEMS.md; Donchian; Crabel (1990), Day Trading with Short Term Price Patterns.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import HIGH_AT, LOW_AT
from tradebot.core.kernels.ages import max_age, min_age, span_max, span_min
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio

_H, _L, _HL, _HLC = ("high",), ("low",), ("high", "low"), ("high", "low", "close")
FEATURES: tuple[Feature, ...] = (
    F("breakout_high_5", "c / max5(h[-1]) - 1", "fraction", ("high", "close"), 6, True, -1.0, source="seeds"),
    F("breakout_low_5", "c / min5(l[-1]) - 1", "fraction", ("low", "close"), 6, True, -1.0, source="seeds"),
    F("channel_high_20", "c / max20(h[-1]) - 1", "fraction", ("high", "close"), 21, True, -1.0, source="seeds"),
    F("channel_low_20", "c / min20(l[-1]) - 1", "fraction", ("low", "close"), 21, True, -1.0, source="seeds"),
    F("new_high_20", "1 where h > max20(h[-1])", "flag", _H, 21, True, 0.0, 1.0, "Donchian"),
    F("new_low_20", "1 where l < min20(l[-1])", "flag", _L, 21, True, 0.0, 1.0, "Donchian"),
    F("new_high_60", "1 where h > max60(h[-1])", "flag", _H, 61, True, 0.0, 1.0, "Donchian"),
    F("new_low_60", "1 where l < min60(l[-1])", "flag", _L, 61, True, 0.0, 1.0, "Donchian"),
    F("bars_since_high_60", "age of max60(h)", "bars", _H, 60, True, 0.0, 59.0),
    F("bars_since_low_60", "age of min60(l)", "bars", _L, 60, True, 0.0, 59.0),
    F("narrow_range_7", "1 where h - l < min6((h - l)[-1])", "flag", _HL, 7, True, 0.0, 1.0, "Crabel 1990"),
    F("inside_bars", "inside bars in a row, up to 10", "bars", _HL, 11, True, 0.0, 10.0, "Crabel 1990"),
    F("higher_highs", "higher highs in a row, up to 20", "bars", _H, 21, True, 0.0, 20.0),
    F("lower_lows", "lower lows in a row, up to 20", "bars", _L, 21, True, 0.0, 20.0),
    F("donchian_width_20", "(max20(h) - min20(l)) / c", "fraction", _HLC, 20, True, 0.0, source="Donchian"),
    F("donchian_width_55", "(max55(h) - min55(l)) / c", "fraction", _HLC, 55, True, 0.0, source="Donchian"),
    F("donchian_position_55", "(c - min55(l)) / (max55(h) - min55(l)), 1/2 where that is 0", "share", _HLC, 55, True, 0.0, 1.0, "Donchian"),
)
_AGE_20, _AGE_60, _INSIDE, _HIGHER, _LOWER, _SEEDED = 0, 2, 4, 5, 6, 7
_TOP_20, _BOTTOM_20, _TOP_60, _BOTTOM_60 = range(8, 12)
STATE_WIDTH = 12  # ages of the highs and lows of 20 and 60 bars; the runs; the extremes up to the bar before

_INSIDE_MAX, _RUN_MAX = 10.0, 20.0
_EQUAL = 1e-12


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close, high, low = row[CLOSE], row[HIGH], row[LOW]
    high_at, low_at = end + HIGH_AT, end + LOW_AT
    if state[s + _SEEDED] == 0.0:
        state[s + _SEEDED] = 1.0
        state[s + _TOP_20], state[s + _BOTTOM_20], state[s + _TOP_60], state[s + _BOTTOM_60] = high, low, high, low
    out[f] = close / span_max(state, high_at, 1, 5) - 1.0
    out[f + 1] = close / span_min(state, low_at, 1, 5) - 1.0
    out[f + 2] = close / state[s + _TOP_20] - 1.0
    out[f + 3] = close / state[s + _BOTTOM_20] - 1.0
    out[f + 4] = 1.0 if high > state[s + _TOP_20] else 0.0
    out[f + 5] = 1.0 if low < state[s + _BOTTOM_20] else 0.0
    out[f + 6] = 1.0 if high > state[s + _TOP_60] else 0.0
    out[f + 7] = 1.0 if low < state[s + _BOTTOM_60] else 0.0

    high_age, low_age = max_age(state, s + _AGE_60, high_at, 60), min_age(state, s + _AGE_60 + 1, low_at, 60)
    top, bottom = state[high_at - high_age], state[low_at - low_age]
    top_20 = state[high_at - max_age(state, s + _AGE_20, high_at, 20)]
    bottom_20 = state[low_at - min_age(state, s + _AGE_20 + 1, low_at, 20)]
    state[s + _TOP_20], state[s + _BOTTOM_20], state[s + _TOP_60], state[s + _BOTTOM_60] = top_20, bottom_20, top, bottom
    # The extremes of 60 bars are those of 55, unless they lie in the oldest five.
    top_55 = top if high_age < 55 else span_max(state, high_at, 0, 54)
    bottom_55 = bottom if low_age < 55 else span_min(state, low_at, 0, 54)
    out[f + 8] = high_age
    out[f + 9] = low_age
    out[f + 14] = (top_20 - bottom_20) / close
    out[f + 15] = (top_55 - bottom_55) / close
    out[f + 16] = ratio(close - bottom_55, top_55 - bottom_55, 0.5)

    widest_allowed = high - low + _EQUAL * close
    narrow = 1.0
    for i in range(1, 7):
        narrow = narrow if state[high_at - i] - state[low_at - i] > widest_allowed else 0.0
    out[f + 10] = narrow
    higher, lower = high > state[high_at - 1], low < state[low_at - 1]
    inside = high < state[high_at - 1] and low > state[low_at - 1]
    state[s + _INSIDE] = min(_INSIDE_MAX, state[s + _INSIDE] + 1.0) if inside else 0.0
    state[s + _HIGHER] = min(_RUN_MAX, state[s + _HIGHER] + 1.0) if higher else 0.0
    state[s + _LOWER] = min(_RUN_MAX, state[s + _LOWER] + 1.0) if lower else 0.0
    out[f + 11] = state[s + _INSIDE]
    out[f + 12] = state[s + _HIGHER]
    out[f + 13] = state[s + _LOWER]
