"""Lags: the last bars of five timeframes side by side, what a network reads as sequences.

For timeframes of 1, 5, 15 and 60 minutes and of a session (1d), three channels of each of the newest completed bars, lag 0 the newest:
    lag{tf}_ret_k = ln(c / c[-1]), the close against that of the bar before;  lag{tf}_range_k = (h - l) / c
    lag{tf}_rvol_k = ln(1 + v / mean(v, n)), over the n newest bars as of then, n the timeframe's lags; ln 2 where the mean is 0

Lag k is what lag 0 was k bars of its timeframe ago, bit for bit. There are 30 lags of 1 minute, 12 of 5, 8 of 15, 6 of 60, and 5 sessions.
Bars of several minutes and of sessions are completed as frame_ring.py says, and held until the next one completes.

Source: seeds/003 (LSTM and attention over several timeframes).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, MINUTE, VOLUME, Feature
from tradebot.core.features.frame_ring import bucket_end
from tradebot.core.features.lag_names import CHANNELS, LAGS, lag_name
from tradebot.core.features.window import LOG_RETURN_AT, VOLUME_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import fill, shift_in
from tradebot.core.kernels.rolling import window_mean

MINUTE_LAGS = LAGS["1m"]
FRAME_LAGS = tuple(n for timeframe, n in LAGS.items() if timeframe != "1m")
_SESSION_MINUTES = 390
_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "60m": 60, "1d": _SESSION_MINUTES}
_BARS = ("session", "session_end", "minute")
_INPUTS = {"ret": ("close",), "range": ("high", "low", "close"), "rvol": ("volume",)}


def _feature(timeframe: str, channel: str, lag: int) -> Feature:
    lags, minutes = LAGS[timeframe], _MINUTES[timeframe]
    formula, needed, low, high = {
        "ret": ("ln(c / c[-1])", lag + 2, -math.inf, math.inf),
        "range": ("(h - l) / c", lag + 1, 0.0, math.inf),
        "rvol": (f"ln(1 + v / mean(v, {lags})), ln 2 where the mean is 0", lag + lags, 0.0, math.log1p(lags)),
    }[channel]
    ago = f"{formula}, {lag} bars of {timeframe} ago"
    unit = {"ret": "log return", "range": "fraction", "rvol": "log ratio"}[channel]
    if timeframe == "1m":
        return Feature(lag_name(timeframe, channel, lag), ago, unit, _INPUTS[channel], needed, True, low, high, "seeds/003")
    warm_up = minutes * (needed + 1)  # the first bar of the timeframe may have been joined midway
    return Feature(lag_name(timeframe, channel, lag), ago, unit, _INPUTS[channel] + _BARS, warm_up, True, low, high, "seeds/003")


FEATURES: tuple[Feature, ...] = tuple(
    _feature(timeframe, channel, lag) for timeframe, lags in LAGS.items() for channel in CHANNELS for lag in range(lags)
)
# Of minutes: the place of the newest in a mirrored ring that is written downwards, then one ring for each channel. A window that begins at
# the newest is one slice, newest first, as the columns want it.
_RING = 2 * MINUTE_LAGS
_FRAMES_S = 1 + 3 * _RING
_FRAMES_F = 3 * MINUTE_LAGS
# Of a frame: when the open bucket ends (0 while none is open), frame bars so far, the open bucket's high, low, volume and close, the
# frame close before it; then the last volumes, oldest first, and the columns.
_ENDS, _COUNT, _HIGH, _LOW, _VOLUME, _CLOSE, _BEFORE, _VOLUMES = range(8)
_S = tuple(_FRAMES_S + sum(_VOLUMES + 4 * n for n in FRAME_LAGS[:k]) for k in range(5))
_F = tuple(_FRAMES_F + sum(3 * n for n in FRAME_LAGS[:k]) for k in range(5))
_L5, _L15, _L60, _LD = FRAME_LAGS
_WHOLE_SESSION = 1e6  # minutes: a bucket that the session's end cuts short
STATE_WIDTH = _S[4]
_EVEN = math.log1p(1.0)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    at = int(state[s]) - 1
    if at < 0:
        at = MINUTE_LAGS - 1
    state[s] = at
    newest = s + 1 + at
    mean = window_mean(state, end + VOLUME_AT, MINUTE_LAGS)
    _put(state, newest, state[end + LOG_RETURN_AT])
    _put(state, newest + _RING, (row[HIGH] - row[LOW]) / close)
    _put(state, newest + 2 * _RING, _relative(row[VOLUME], mean, MINUTE_LAGS))
    for channel in range(3):
        first = newest + channel * _RING
        for i in range(MINUTE_LAGS):
            out[f + channel * MINUTE_LAGS + i] = state[first + i]
    _step_frame(state, s + _S[0], 5.0, _L5, row, out, f + _F[0])
    _step_frame(state, s + _S[1], 15.0, _L15, row, out, f + _F[1])
    _step_frame(state, s + _S[2], 60.0, _L60, row, out, f + _F[2])
    _step_frame(state, s + _S[3], _WHOLE_SESSION, _LD, row, out, f + _F[3])


@kernel
def _put(state: np.ndarray, at: int, value: float) -> None:
    state[at] = value
    state[at + MINUTE_LAGS] = value


@kernel
def _relative(volume: float, mean: float, n: int) -> float:
    return math.log1p(min(volume / mean, float(n))) if mean > 0.0 else _EVEN


@kernel
def _step_frame(x: np.ndarray, s: int, minutes: float, lags: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar of one timeframe: its memory at `x[s:]`, its `3 * lags` columns to `out[f:]`."""
    if x[s + _ENDS] > 0.0 and row[MINUTE] >= x[s + _ENDS]:
        _complete(x, s, lags)
    if x[s + _ENDS] == 0.0:
        x[s + _ENDS] = bucket_end(row, minutes)
        x[s + _HIGH], x[s + _LOW], x[s + _VOLUME] = row[HIGH], row[LOW], 0.0
    x[s + _HIGH] = max(x[s + _HIGH], row[HIGH])
    x[s + _LOW] = min(x[s + _LOW], row[LOW])
    x[s + _VOLUME] += row[VOLUME]
    x[s + _CLOSE] = row[CLOSE]
    if row[MINUTE] + 1.0 >= x[s + _ENDS]:
        _complete(x, s, lags)
    held = s + _VOLUMES + lags
    for i in range(3 * lags):
        out[f + i] = x[held + i]


@kernel
def _complete(x: np.ndarray, s: int, lags: int) -> None:
    """The open bucket is a bar: what was lag k becomes lag k + 1, and it is lag 0. No bucket is open then."""
    volumes, held, close = s + _VOLUMES, s + _VOLUMES + lags, x[s + _CLOSE]
    if x[s + _COUNT] == 0.0:
        fill(x, volumes, lags, x[s + _VOLUME])
        x[s + _BEFORE] = close
    else:
        shift_in(x, volumes, lags, x[s + _VOLUME])
    for i in range(held + 3 * lags - 1, held, -1):  # all three channels at once: their first values are written next
        x[i] = x[i - 1]
    x[held] = math.log(close / x[s + _BEFORE])
    x[held + lags] = (x[s + _HIGH] - x[s + _LOW]) / close
    x[held + 2 * lags] = _relative(x[s + _VOLUME], window_mean(x, volumes + lags - 1, lags), lags)
    x[s + _BEFORE] = close
    x[s + _COUNT] += 1.0
    x[s + _ENDS] = 0.0
