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

from tradebot.core.features import frame_ring
from tradebot.core.features.feature import CLOSE, HIGH, LOW, MINUTE, OPEN, SESSION, SESSION_END, VOLUME, Feature
from tradebot.core.features.frame_ring import CHANGE_AT, CLOSE_AT, COUNT, ENDS, HIGH_AT, LOW_AT, VOLUME_AT, append
from tradebot.core.kernels.kernel import kernel
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
# After the session bars: those columns; high, low, close and volume of the newest session so far, which session it is, and what was known
# at its first bar.
_COLUMNS = frame_ring.STATE_WIDTH
_HIGH, _LOW, _CLOSE, _VOLUME, _SESSION, _OPEN, _BEFORE_CLOSE, _BEFORE_HIGH, _BEFORE_LOW, _USUAL_VOLUME = range(
    _COLUMNS + _HELD, _COLUMNS + _HELD + 10
)
STATE_WIDTH = _USUAL_VOLUME + 1


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    held = s + _COLUMNS
    if state[s + _SESSION] != row[SESSION]:
        if state[s + ENDS] > 0.0:
            _complete(state, s)
        _begin_session(state, s, row)
    state[s + _HIGH] = max(state[s + _HIGH], row[HIGH])
    state[s + _LOW] = min(state[s + _LOW], row[LOW])
    state[s + _CLOSE] = row[CLOSE]
    state[s + _VOLUME] += row[VOLUME]
    if row[MINUTE] + 1.0 >= state[s + ENDS]:
        _complete(state, s)
    for i in range(_HELD):
        out[f + i] = state[held + i]

    close = row[CLOSE]
    out[f + 11] = state[s + _OPEN] / state[s + _BEFORE_CLOSE] - 1.0
    out[f + 12] = close / state[s + _BEFORE_CLOSE] - 1.0
    out[f + 13] = close / state[s + _BEFORE_HIGH] - 1.0
    out[f + 14] = close / state[s + _BEFORE_LOW] - 1.0
    out[f + 15] = state[s + _VOLUME] / state[s + _USUAL_VOLUME] if state[s + _USUAL_VOLUME] > 0.0 else 1.0


@kernel
def _begin_session(x: np.ndarray, s: int, row: np.ndarray) -> None:
    """Open its bar, and keep what is known of those before it; without any, its own open stands for them."""
    first = row[OPEN]
    known = x[s + COUNT] > 0.0
    x[s + ENDS] = row[SESSION_END]
    x[s + _SESSION] = row[SESSION]
    x[s + _HIGH], x[s + _LOW], x[s + _VOLUME] = row[HIGH], row[LOW], 0.0
    x[s + _OPEN] = first
    x[s + _BEFORE_CLOSE] = x[s + CLOSE_AT] if known else first
    x[s + _BEFORE_HIGH] = x[s + HIGH_AT] if known else first
    x[s + _BEFORE_LOW] = x[s + LOW_AT] if known else first
    x[s + _USUAL_VOLUME] = window_mean(x, s + VOLUME_AT, 20) if known else 0.0


@kernel
def _complete(x: np.ndarray, s: int) -> None:
    """The newest session is over: append its bar and take its columns."""
    append(x, s, x[s + _HIGH], x[s + _LOW], x[s + _CLOSE], x[s + _VOLUME])
    _completed_columns(x, s, s + _COLUMNS)


@kernel
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
