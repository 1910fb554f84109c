"""Sessions as bars: columns of completed sessions, and today's against the last one before it.

A session's bar is that of frame_ring.py: it is complete with the bar of its last minute, or when a later session begins. D, H, L, V are the
last completed session's close, high, low and volume, D[-k] the close k sessions before it, x simple daily returns:
    day_return_N = D / D[-N] - 1;  day_volatility_20 = sample std of x over 20;  day_zscore_20 = (D - sma20) / std20, 0 where constant
    day_ma_ratio_5_20 = sma5 / sma20 - 1;  day_range_rel = (H - L) / D;  day_volume_ratio_20 = V / mean(V, 20), 1 where the mean is 0
    day_rsi_14 = 100 * sum of rises / sum of moves over 14, 50 where none moved
    day_high_20_distance = D / max(H, 20) - 1;  day_low_20_distance = D / min(L, 20) - 1

"Previous" is the last completed session before the one that this bar belongs to, also in its last minute:
    gap_open = open of the session's first bar / previous close - 1;  previous_close_change = c / previous close - 1
    previous_high_distance = c / previous high - 1;  previous_low_distance = c / previous low - 1
    session_volume_share = volume of this session so far / mean V of the last 20 sessions before it, 1 where that is 0

Source: seeds/003 (daily bars), seeds/004 (Swing); Cutler's RSI.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tradebot.core.features import frame_ring
from tradebot.core.features.feature import CLOSE, OPEN, SESSION, Feature
from tradebot.core.features.frame_ring import CHANGE_AT, CLOSE_AT, HIGH_AT, LOW_AT, PARTIAL_VOLUME, VOLUME_AT
from tradebot.core.kernels.rolling import window_max, window_mean, window_min, window_moments, window_std

_SESSION_MINUTES = 390
_BARS = ("session", "session_end", "minute")


def _feature(
    name: str, formula: str, unit: str, sessions: int, inputs: tuple[str, ...], low: float = -math.inf, high: float = math.inf
) -> Feature:
    """A column that needs `sessions` completed sessions: one more may have been joined midway."""
    return Feature(name, formula, unit, inputs + _BARS, _SESSION_MINUTES * (sessions + 1), True, low, high, "seeds/003, seeds/004")


_C, _H, _L, _V = ("close",), ("high",), ("low",), ("volume",)
FEATURES: tuple[Feature, ...] = (
    _feature("day_return_1", "D / D[-1] - 1", "fraction", 2, _C, -1.0),
    _feature("day_return_5", "D / D[-5] - 1", "fraction", 6, _C, -1.0),
    _feature("day_return_20", "D / D[-20] - 1", "fraction", 21, _C, -1.0),
    _feature("day_volatility_20", "std(x, 20)", "fraction", 21, _C, 0.0),
    _feature("day_zscore_20", "(D - sma20) / std20, 0 where constant", "ratio", 20, _C, -4.5, 4.5),
    _feature("day_ma_ratio_5_20", "sma5 / sma20 - 1", "fraction", 20, _C, -1.0, 3.0),
    _feature("day_range_rel", "(H - L) / D", "fraction", 1, _C + _H + _L, 0.0),
    _feature("day_volume_ratio_20", "V / mean(V, 20), 1 where the mean is 0", "ratio", 20, _V, 0.0, 20.0),
    _feature("day_rsi_14", "100 sum(rises, 14) / sum(moves, 14), 50 where none", "percent", 15, _C, 0.0, 100.0),
    _feature("day_high_20_distance", "D / max(H, 20) - 1", "fraction", 20, _C + _H, -1.0, 0.0),
    _feature("day_low_20_distance", "D / min(L, 20) - 1", "fraction", 20, _C + _L, 0.0),
    _feature("gap_open", "session open / previous close - 1", "fraction", 1, ("open", *_C), -1.0),
    _feature("previous_close_change", "c / previous close - 1", "fraction", 1, _C, -1.0),
    _feature("previous_high_distance", "c / previous high - 1", "fraction", 1, _C + _H, -1.0),
    _feature("previous_low_distance", "c / previous low - 1", "fraction", 1, _C + _L, -1.0),
    _feature("session_volume_share", "volume so far / mean(V, 20), 1 where the mean is 0", "ratio", 20, _V, 0.0),
)
_HELD = 11  # columns that change with a completed session only
_TODAY = frame_ring.STATE_WIDTH + _HELD
_OPEN, _PREVIOUS_CLOSE, _PREVIOUS_HIGH, _PREVIOUS_LOW, _MEAN_VOLUME = range(_TODAY + 1, _TODAY + 6)
STATE_WIDTH = _TODAY + 6  # session bars, columns held, then the session and what was known at its first bar


@njit(cache=True, error_model="numpy")
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    held = s + frame_ring.STATE_WIDTH
    completed = frame_ring.accumulate(state, s, row, frame_ring.WHOLE_SESSION)
    if state[s + _TODAY] != row[SESSION]:
        _begin_session(state, s, row)
    if completed:
        _completed_columns(state, s, held)
    for i in range(_HELD):
        out[f + i] = state[held + i]

    close = row[CLOSE]
    out[f + 11] = state[s + _OPEN] / state[s + _PREVIOUS_CLOSE] - 1.0
    out[f + 12] = close / state[s + _PREVIOUS_CLOSE] - 1.0
    out[f + 13] = close / state[s + _PREVIOUS_HIGH] - 1.0
    out[f + 14] = close / state[s + _PREVIOUS_LOW] - 1.0
    out[f + 15] = state[s + PARTIAL_VOLUME] / state[s + _MEAN_VOLUME] if state[s + _MEAN_VOLUME] > 0.0 else 1.0


@njit(cache=True, error_model="numpy")
def _begin_session(x: np.ndarray, s: int, row: np.ndarray) -> None:
    """Keep what the session's first bar knows of those before it; without any, that bar stands for them."""
    # A session of one minute is complete with its first bar, and then the newest of the ring is itself.
    one_minute = 1 if x[s] == 0.0 else 0
    known = x[s + frame_ring.COUNT] > one_minute
    x[s + _TODAY] = row[SESSION]
    x[s + _OPEN] = row[OPEN]
    x[s + _PREVIOUS_CLOSE] = x[s + CLOSE_AT - one_minute] if known else row[OPEN]
    x[s + _PREVIOUS_HIGH] = x[s + HIGH_AT - one_minute] if known else row[OPEN]
    x[s + _PREVIOUS_LOW] = x[s + LOW_AT - one_minute] if known else row[OPEN]
    x[s + _MEAN_VOLUME] = window_mean(x, s + VOLUME_AT - one_minute, 20) if known else 0.0


@njit(cache=True, error_model="numpy")
def _completed_columns(x: np.ndarray, s: int, held: int) -> None:
    """The columns of completed sessions to `x[held:]`."""
    newest = s + CLOSE_AT
    close = x[newest]
    x[held] = x[s + CHANGE_AT]
    x[held + 1] = close / x[newest - 5] - 1.0
    x[held + 2] = close / x[newest - 20] - 1.0
    x[held + 3] = window_std(x, s + CHANGE_AT, 20)
    mean_20, squares_20 = window_moments(x, newest, 20)
    x[held + 4] = (close - mean_20) / math.sqrt(squares_20 / 19.0) if squares_20 > 0.0 else 0.0
    x[held + 5] = window_mean(x, newest, 5) / mean_20 - 1.0
    x[held + 6] = (x[s + HIGH_AT] - x[s + LOW_AT]) / close
    volume = window_mean(x, s + VOLUME_AT, 20)
    x[held + 7] = min(max(x[s + VOLUME_AT] / volume, 0.0), 20.0) if volume > 0.0 else 1.0
    rises = moves = 0.0
    for i in range(newest - 13, newest + 1):
        change = x[i] - x[i - 1]
        rises += change if change > 0.0 else 0.0
        moves += abs(change)
    x[held + 8] = min(100.0 * rises / moves, 100.0) if moves > 0.0 else 50.0
    x[held + 9] = close / window_max(x, s + HIGH_AT, 20) - 1.0
    x[held + 10] = close / window_min(x, s + LOW_AT, 20) - 1.0
