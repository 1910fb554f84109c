"""Price family: the bar itself, its shape relative to its close, changes over some bars, and its place in recent ranges.

    typical_price = (high + low + close) / 3
    open_rel, high_rel, low_rel, typical_rel = x / close - 1
    return_1m = ln(close / previous close), log_return_Nm = ln(close / close N bars ago)
    price_change_Nm = close / close N bars ago - 1; price_change is its seed name for one bar
    gap_rel = open / previous close - 1;  range_rel = (high - low) / close
    body_share = (close - open) / (high - low), upper_shadow_share = (high - max(open, close)) / (high - low),
        lower_shadow_share = (min(open, close) - low) / (high - low), each 0 where the bar has no range (candlestick parts, Nison)
    close_location = ((close - low) - (high - close)) / (high - low), 0 where the bar has no range (Chaikin's CLV)
    price_position_N = (close - lowest low) / (highest high - lowest low) of N bars, 0.5 where there is no range (stochastic %K / 100)
    sma_N = mean of N closes;  trend_3_10 = sma_3 / sma_10 - 1
    bar_streak = bars in a row that closed higher (+) or lower (-), at most 60; 0 where the close did not change
    session_open_distance, session_high_distance, session_low_distance = close / (session's first open, high and low so far) - 1
    session_position = (close - session low) / (session high - session low), 0.5 where the session has no range yet

N bars are N bars that the symbol had. The session's columns restart at each open.
Source: seeds/001 "Feature Engineering Pipeline"; the relative forms are the ruling in SYSTEMS.md section 2; seeds/000 for price_change,
sma and trend_3_10.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN, SESSION, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, HIGH_AT, LOG_RETURN_AT, LOW_AT
from tradebot.core.kernels.high_low import window_range
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio

_OC, _HLC, _OHLC = ("open", "close"), ("high", "low", "close"), ("open", "high", "low", "close")
_DAY = ("open", "high", "low", "close", "session")
_STREAK_MAX = 60.0
FEATURES: tuple[Feature, ...] = (
    F("open", "o", "usd", ("open",), 1, False),
    F("high", "h", "usd", ("high",), 1, False),
    F("low", "l", "usd", ("low",), 1, False),
    F("close", "c", "usd", ("close",), 1, False),
    F("volume", "v", "shares", ("volume",), 1, False),
    F("typical_price", "(h + l + c) / 3", "usd", ("high", "low", "close"), 1, False),
    F("open_rel", "o / c - 1", "fraction", ("open", "close"), 1, True),
    F("high_rel", "h / c - 1", "fraction", ("high", "close"), 1, True),
    F("low_rel", "l / c - 1", "fraction", ("low", "close"), 1, True),
    F("typical_rel", "typical_price / c - 1", "fraction", ("high", "low", "close"), 1, True),
    F("return_1m", "ln(c / c[-1])", "log return", ("close",), 2, True),
    F("price_change", "c / c[-1] - 1", "fraction", ("close",), 2, True, -1.0),
    F("price_change_1m", "c / c[-1] - 1", "fraction", ("close",), 2, True, -1.0),
    F("price_change_3m", "c / c[-3] - 1", "fraction", ("close",), 4, True, -1.0),
    F("price_change_5m", "c / c[-5] - 1", "fraction", ("close",), 6, True, -1.0),
    F("price_change_15m", "c / c[-15] - 1", "fraction", ("close",), 16, True, -1.0),
    F("price_change_30m", "c / c[-30] - 1", "fraction", ("close",), 31, True, -1.0),
    F("price_change_60m", "c / c[-60] - 1", "fraction", ("close",), 61, True, -1.0),
    F("log_return_5m", "ln(c / c[-5])", "log return", ("close",), 6, True),
    F("log_return_15m", "ln(c / c[-15])", "log return", ("close",), 16, True),
    F("gap_rel", "o / c[-1] - 1", "fraction", _OC, 2, True, -1.0),
    F("range_rel", "(h - l) / c", "fraction", _HLC, 1, True, 0.0),
    F("body_share", "(c - o) / (h - l), 0 where h = l", "share", _OHLC, 1, True, -1.0, 1.0),
    F("upper_shadow_share", "(h - max(o, c)) / (h - l), 0 where h = l", "share", _OHLC, 1, True, 0.0, 1.0),
    F("lower_shadow_share", "(min(o, c) - l) / (h - l), 0 where h = l", "share", _OHLC, 1, True, 0.0, 1.0),
    F("close_location", "(2 c - h - l) / (h - l), 0 where h = l", "share", _HLC, 1, True, -1.0, 1.0),
    F("price_position_20", "(c - min20 l) / (max20 h - min20 l), 0.5 where equal", "share", _HLC, 20, True, 0.0, 1.0),
    F("price_position_60", "(c - min60 l) / (max60 h - min60 l), 0.5 where equal", "share", _HLC, 60, True, 0.0, 1.0),
    F("sma_3", "mean3 c", "usd", ("close",), 3, False, 0.0),
    F("sma_10", "mean10 c", "usd", ("close",), 10, False, 0.0),
    F("trend_3_10", "sma_3 / sma_10 - 1", "fraction", ("close",), 10, True, -1.0),
    F("bar_streak", "bars in a row with dc of this sign, at most 60", "bars", ("close",), 61, True, -_STREAK_MAX, _STREAK_MAX),
    F("session_open_distance", "c / session open - 1", "fraction", _DAY, 1, True, -1.0),
    F("session_high_distance", "c / session high - 1", "fraction", _DAY, 1, True, -1.0, 0.0),
    F("session_low_distance", "c / session low - 1", "fraction", _DAY, 1, True, 0.0),
    F("session_position", "(c - session low) / (session high - session low), 0.5 where equal", "share", _DAY, 1, True, 0.0, 1.0),
)
STATE_WIDTH = 5  # session, its open, high, low; signed streak


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    _bar(row, out, f)
    out[f + 10] = state[end + LOG_RETURN_AT]
    _changes(state, end, row, out, f + 11)
    _shape(row, out, f + 21)
    _ranges(state, end, row[CLOSE], out, f + 26)
    _means(state, end, row[CLOSE], out, f + 28)
    out[f + 31] = _streak(state, s + 4, end)
    _session(state, s, row, out, f + 32)


@kernel
def _bar(row: np.ndarray, out: np.ndarray, f: int) -> None:
    close = row[CLOSE]
    typical = (row[HIGH] + row[LOW] + close) / 3.0
    out[f] = row[OPEN]
    out[f + 1] = row[HIGH]
    out[f + 2] = row[LOW]
    out[f + 3] = close
    out[f + 4] = row[VOLUME]
    out[f + 5] = typical
    out[f + 6] = row[OPEN] / close - 1.0
    out[f + 7] = row[HIGH] / close - 1.0
    out[f + 8] = row[LOW] / close - 1.0
    out[f + 9] = typical / close - 1.0


@kernel
def _changes(state: np.ndarray, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    c, close = end + CLOSE_AT, row[CLOSE]
    change = close / state[c - 1] - 1.0
    out[f] = change
    out[f + 1] = change
    out[f + 2] = close / state[c - 3] - 1.0
    out[f + 3] = close / state[c - 5] - 1.0
    out[f + 4] = close / state[c - 15] - 1.0
    out[f + 5] = close / state[c - 30] - 1.0
    out[f + 6] = close / state[c - 60] - 1.0
    out[f + 7] = math.log(close / state[c - 5])
    out[f + 8] = math.log(close / state[c - 15])
    out[f + 9] = row[OPEN] / state[c - 1] - 1.0


@kernel
def _shape(row: np.ndarray, out: np.ndarray, f: int) -> None:
    open_, high, low, close = row[OPEN], row[HIGH], row[LOW], row[CLOSE]
    size = high - low
    out[f] = size / close
    out[f + 1] = ratio(close - open_, size, 0.0)
    out[f + 2] = ratio(high - max(open_, close), size, 0.0)
    out[f + 3] = ratio(min(open_, close) - low, size, 0.0)
    out[f + 4] = ratio((close - low) - (high - close), size, 0.0)


@kernel
def _ranges(state: np.ndarray, end: int, close: float, out: np.ndarray, f: int) -> None:
    highs, lows = end + HIGH_AT, end + LOW_AT
    high_20, low_20 = window_range(state, highs, lows, 20)
    high_40, low_40 = window_range(state, highs - 20, lows - 20, 40)
    high_60, low_60 = max(high_20, high_40), min(low_20, low_40)
    out[f] = ratio(close - low_20, high_20 - low_20, 0.5)
    out[f + 1] = ratio(close - low_60, high_60 - low_60, 0.5)


@kernel
def _means(state: np.ndarray, end: int, close: float, out: np.ndarray, f: int) -> None:
    """About the close: the trend is exactly 0 while the price stands still."""
    c = end + CLOSE_AT
    below_3 = (state[c - 1] - close) + (state[c - 2] - close)
    below_10 = below_3
    for k in range(3, 10):
        below_10 += state[c - k] - close
    sma_3, sma_10 = close + below_3 / 3.0, close + below_10 / 10.0
    out[f] = sma_3
    out[f + 1] = sma_10
    out[f + 2] = sma_3 / sma_10 - 1.0


@kernel
def _streak(state: np.ndarray, at: int, end: int) -> float:
    before, close, last = state[end + CLOSE_AT - 1], state[end + CLOSE_AT], state[at]
    streak = 0.0
    if close > before:
        streak = min(max(last, 0.0) + 1.0, _STREAK_MAX)
    elif close < before:
        streak = max(min(last, 0.0) - 1.0, -_STREAK_MAX)
    state[at] = streak
    return streak


@kernel
def _session(state: np.ndarray, s: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    close = row[CLOSE]
    if state[s] != row[SESSION]:
        state[s] = row[SESSION]
        state[s + 1] = row[OPEN]
        state[s + 2] = row[HIGH]
        state[s + 3] = row[LOW]
    high, low = max(state[s + 2], row[HIGH]), min(state[s + 3], row[LOW])
    state[s + 2] = high
    state[s + 3] = low
    out[f] = close / state[s + 1] - 1.0
    out[f + 1] = close / high - 1.0
    out[f + 2] = close / low - 1.0
    out[f + 3] = ratio(close - low, high - low, 0.5)
