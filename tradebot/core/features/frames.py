"""The one-minute columns of the same names, on bars of 5, 15 and 60 minutes: suffix _tf5, _tf15, _tf60.

Frame bars are those of frame_ring.py, completed ones only; between completions a column keeps its value. "Nm" in a name is N frame
bars. With h, l, c, v the newest frame bar, c[-k] the close k frame bars ago, r its log return and x its simple return:
    price_change_1m, momentum_Nm = c / c[-N] - 1;  volatility_5m, volatility_20 = sample std of x over 5, 20
    volume_ratio = v / mean(v, 10), 1 where the mean is 0;  signal_strength = momentum_3m * volume_ratio / (volatility_5m + 1e-6)
    breakout_high_5 = c / max(h of the 5 bars before) - 1;  breakout_low_5 = c / min(l of the 5 bars before) - 1
    ma_spread_2_8 = sma2 / sma8 - 1, _prev the same one frame bar ago;  mean_deviation_8 = c / sma8 - 1
    zscore_20 = (c - sma20) / std20, 0 where constant;  rsi_14 = 100 * sum of rises / sum of moves over 14, 50 where none moved
    garch_volatility_5: the recursion of filters.py over the last 31 returns from v = V, V their mean square
    kalman_innovation, kalman_slope: the local level of filters.py over the last 31 returns, from the close before them, with the gain K
        that its filter settles at: K^2 = (Q / R)(1 - K), P' = K R / (1 - K), S = P' + R. Q = max(V, 1e-8 n) and R = 1e-6 n for frames
        of n minutes, so that noise and quietest price are per minute the same; slope = mean change of ln(level) over 5 frame bars

The 31 returns make the last two finite windows: they need 32 frame bars, not a memory of days.
Source: seeds/000 (Confluence: 1/5/15/60 minutes); Cutler's RSI; the others as their one-minute columns.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features import frame_ring, window
from tradebot.core.features.feature import MINUTE, Feature
from tradebot.core.features.frame_ring import CHANGE_AT, CLOSE_AT, ENDS, HIGH_AT, LOG_RETURN_AT, LOW_AT, VOLUME_AT, append, bucket_end
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import window_dot, window_max, window_mean, window_min, window_moments, window_std
from tradebot.core.kernels.volatility import finite_garch_and_level, mean_decay, steady_gain

TIMEFRAMES = (5, 15, 60)
_INPUTS = ("close", "session", "session_end", "minute")
_COLUMNS: tuple[tuple[str, str, str, int, float, float, tuple[str, ...]], ...] = (
    # base name, formula, unit, frame bars needed, low, high, inputs beside the close
    ("price_change_1m", "c / c[-1] - 1", "fraction", 2, -1.0, math.inf, ()),
    ("momentum_1m", "c / c[-1] - 1", "fraction", 2, -1.0, math.inf, ()),
    ("momentum_3m", "c / c[-3] - 1", "fraction", 4, -1.0, math.inf, ()),
    ("momentum_5m", "c / c[-5] - 1", "fraction", 6, -1.0, math.inf, ()),
    ("volatility_5m", "std(x, 5)", "fraction", 6, 0.0, math.inf, ()),
    ("volatility_20", "std(x, 20)", "fraction", 21, 0.0, math.inf, ()),
    ("volume_ratio", "v / mean(v, 10), 1 where the mean is 0", "ratio", 10, 0.0, 10.0, ("volume",)),
    ("signal_strength", "momentum_3m * volume_ratio / (volatility_5m + 1e-6)", "ratio", 10, -math.inf, math.inf, ("volume",)),
    ("breakout_high_5", "c / max(h[-5..-1]) - 1", "fraction", 6, -1.0, math.inf, ("high",)),
    ("breakout_low_5", "c / min(l[-5..-1]) - 1", "fraction", 6, -1.0, math.inf, ("low",)),
    ("ma_spread_2_8", "sma2 / sma8 - 1", "fraction", 8, -1.0, 3.0, ()),
    ("ma_spread_2_8_prev", "sma2[-1] / sma8[-1] - 1", "fraction", 9, -1.0, 3.0, ()),
    ("mean_deviation_8", "c / sma8 - 1", "fraction", 8, -1.0, 7.0, ()),
    ("zscore_20", "(c - sma20) / std20, 0 where constant", "ratio", 20, -4.5, 4.5, ()),
    ("rsi_14", "100 sum(rises, 14) / sum(moves, 14), 50 where none", "percent", 15, 0.0, 100.0, ()),
    ("garch_volatility_5", "sqrt(mean of forecasts, 5), GARCH over 31 returns", "log return", 32, 0.0, math.inf, ()),
    ("kalman_innovation", "innovation / sqrt(S), local level over 31 returns", "ratio", 32, -math.inf, math.inf, ()),
    ("kalman_slope", "mean(diff(ln level), 5), local level over 31 returns", "log return", 32, -math.inf, math.inf, ()),
)
_F = len(_COLUMNS)
FEATURES: tuple[Feature, ...] = tuple(
    Feature(f"{name}_tf{tf}", f"{formula}, on {tf}-minute bars", unit, _INPUTS + inputs, tf * (needed + 1), True, low, high, "seeds/000")
    for tf in TIMEFRAMES
    for name, formula, unit, needed, low, high, inputs in _COLUMNS
)
_BARS = frame_ring.STATE_WIDTH  # after the frame bars: one-minute bars of the open bucket, then the columns held
_HELD = _BARS + 1
_FRAME = _HELD + _F
STATE_WIDTH = len(TIMEFRAMES) * _FRAME
_RETURNS = 31
_SLOPE_BARS = 5
_DECAY_5 = mean_decay(5)
_OBSERVATION, _QUIETEST = 1e-6, 1e-8  # per minute of the frame, squared log price: the values of filters.py


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    _step_frame(state, s, end, 5.0, row, out, f)
    _step_frame(state, s + _FRAME, end, 15.0, row, out, f + _F)
    _step_frame(state, s + 2 * _FRAME, end, 60.0, row, out, f + 2 * _F)


@kernel
def _step_frame(state: np.ndarray, s: int, end: int, minutes: float, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar of one timeframe: new columns where a frame bar completed, else those held."""
    minute, held, bars = row[MINUTE], s + _HELD, s + _BARS
    completed = False
    if state[s + ENDS] > 0.0 and minute >= state[s + ENDS]:
        _complete(state, s, end - 1, int(state[bars]))
        completed = True
    if state[s + ENDS] == 0.0:
        state[s + ENDS] = bucket_end(row, minutes)
        state[bars] = 0.0
    state[bars] += 1.0
    if minute + 1.0 >= state[s + ENDS]:
        _complete(state, s, end, int(state[bars]))
        completed = True
    if completed:
        _price_columns(state, s, held)
        _filter_columns(state, s, minutes, held + 15)
    for i in range(_F):
        out[f + i] = state[held + i]


@kernel
def _complete(state: np.ndarray, s: int, end: int, bars: int) -> None:
    """Append the frame bar of the last `bars` one-minute bars of the window, which are at most 60."""
    high, low = window_max(state, end + window.HIGH_AT, bars), window_min(state, end + window.LOW_AT, bars)
    volume = 0.0  # shares are whole, so the sum is exact in any order
    for i in range(end + window.VOLUME_AT - bars + 1, end + window.VOLUME_AT + 1):
        volume += state[i]
    append(state, s, high, low, state[end + window.CLOSE_AT], volume)


@kernel
def _price_columns(x: np.ndarray, s: int, held: int) -> None:
    """The first fifteen columns to `x[held:]`, from the frame bars at `x[s:]`."""
    newest = s + CLOSE_AT
    close = x[newest]
    momentum_3 = close / x[newest - 3] - 1.0
    volatility_5 = window_std(x, s + CHANGE_AT, 5)
    mean_volume = window_mean(x, s + VOLUME_AT, 10)
    volume_ratio = min(max(x[s + VOLUME_AT] / mean_volume, 0.0), 10.0) if mean_volume > 0.0 else 1.0
    x[held] = x[held + 1] = x[s + CHANGE_AT]
    x[held + 2] = momentum_3
    x[held + 3] = close / x[newest - 5] - 1.0
    x[held + 4] = volatility_5
    x[held + 5] = window_std(x, s + CHANGE_AT, 20)
    x[held + 6] = volume_ratio
    x[held + 7] = momentum_3 * volume_ratio / (volatility_5 + 1e-6)
    x[held + 8] = close / window_max(x, s + HIGH_AT - 1, 5) - 1.0
    x[held + 9] = close / window_min(x, s + LOW_AT - 1, 5) - 1.0
    mean_8 = window_mean(x, newest, 8)
    x[held + 10] = 0.5 * (close + x[newest - 1]) / mean_8 - 1.0
    x[held + 11] = 0.5 * (x[newest - 1] + x[newest - 2]) / window_mean(x, newest - 1, 8) - 1.0
    x[held + 12] = close / mean_8 - 1.0
    mean_20, squares_20 = window_moments(x, newest, 20)
    x[held + 13] = (close - mean_20) / math.sqrt(squares_20 / 19.0) if squares_20 > 0.0 else 0.0
    rises = moves = 0.0
    for i in range(newest - 13, newest + 1):
        change = x[i] - x[i - 1]
        rises += change if change > 0.0 else 0.0
        moves += abs(change)
    x[held + 14] = min(100.0 * rises / moves, 100.0) if moves > 0.0 else 50.0


@kernel
def _filter_columns(x: np.ndarray, s: int, minutes: float, held: int) -> None:
    """GARCH and Kalman columns to `x[held:]`."""
    newest = s + LOG_RETURN_AT
    long_run = window_dot(x, newest, newest, _RETURNS) / _RETURNS
    observation, quietest = _OBSERVATION * minutes, _QUIETEST * minutes
    gain = steady_gain((long_run if long_run > quietest else quietest) / observation)
    variance, innovation, earlier = finite_garch_and_level(x, newest, _RETURNS, long_run, gain, _SLOPE_BARS)
    x[held] = math.sqrt(long_run + _DECAY_5 * (variance - long_run))
    x[held + 1] = innovation * math.sqrt((1.0 - gain) / observation)
    # The level lies (1 - K) innovation below the price, so its change over some bars is the price's less that gap's.
    moved = 0.0
    for i in range(newest - _SLOPE_BARS + 1, newest + 1):
        moved += x[i]
    x[held + 2] = (moved - (1.0 - gain) * (innovation - earlier)) / _SLOPE_BARS
