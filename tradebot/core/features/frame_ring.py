"""Bars of several minutes, or of a whole session, built from one-minute bars as they come.

Bucket k of a session covers its minutes [k n, (k+1) n) since the open; the session's last bucket ends at its close, so it may be short. A
bucket is complete as soon as the bar of its last minute has come, or a bar of a later bucket or session. Minutes without a bar are
just missing; a bucket without any bar makes no frame bar.

Of the last 32 frame bars each channel is kept as a contiguous row, oldest first. At the first frame bar the rows are filled with it.
Memory: end minute of the open bucket (0 while none is open); high, low, close and volume of the newest bucket; frame bars completed;
channels.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tradebot.core.features.feature import CLOSE, HIGH, LOW, MINUTE, SESSION, SESSION_END, VOLUME
from tradebot.core.kernels.ring import fill, shift_in

DEPTH = 32
_ENDS, _HIGH, _LOW, _CLOSE, _VOLUME, COUNT, _CHANNELS = range(7)
PARTIAL_VOLUME = _VOLUME  # of the newest bucket so far, complete or not
# Offsets of each channel's newest value.
HIGH_AT, LOW_AT, CLOSE_AT, VOLUME_AT, CHANGE_AT, LOG_RETURN_AT = (_CHANNELS + DEPTH * (i + 1) - 1 for i in range(6))
STATE_WIDTH = _CHANNELS + 6 * DEPTH
WHOLE_SESSION = 1e6  # more minutes than any session has


@njit(cache=True, error_model="numpy")
def accumulate(x: np.ndarray, s: int, row: np.ndarray, minutes: float) -> int:
    """Add a one-minute bar to the frame at `x[s:]`; how many frame bars it completed: 0, 1, or 2 (the one before, and its own)."""
    completed = 0
    minute = row[MINUTE]
    if x[s] > 0.0 and minute >= x[s]:
        _complete(x, s)
        completed = 1
    if x[s] == 0.0:
        since_open = minute - row[SESSION]
        ends = row[SESSION] + minutes * (math.floor(since_open / minutes) + 1.0)
        x[s] = ends if ends < row[SESSION_END] else row[SESSION_END]
        x[s + _HIGH], x[s + _LOW], x[s + _VOLUME] = row[HIGH], row[LOW], 0.0
    x[s + _HIGH] = row[HIGH] if row[HIGH] > x[s + _HIGH] else x[s + _HIGH]
    x[s + _LOW] = row[LOW] if row[LOW] < x[s + _LOW] else x[s + _LOW]
    x[s + _CLOSE] = row[CLOSE]
    x[s + _VOLUME] += row[VOLUME]
    if minute + 1.0 >= x[s]:
        _complete(x, s)
        completed += 1
    return completed


@njit(cache=True, error_model="numpy")
def _complete(x: np.ndarray, s: int) -> None:
    """Append the newest bucket to the channels and open none."""
    high, low, close, volume = x[s + _HIGH], x[s + _LOW], x[s + _CLOSE], x[s + _VOLUME]
    channels = s + _CHANNELS
    if x[s + COUNT] == 0.0:
        fill(x, channels, DEPTH, high)
        fill(x, channels + DEPTH, DEPTH, low)
        fill(x, channels + 2 * DEPTH, DEPTH, close)
        fill(x, channels + 3 * DEPTH, DEPTH, volume)
        fill(x, channels + 4 * DEPTH, 2 * DEPTH, 0.0)
    else:
        growth = close / x[s + CLOSE_AT]
        shift_in(x, channels, DEPTH, high)
        shift_in(x, channels + DEPTH, DEPTH, low)
        shift_in(x, channels + 2 * DEPTH, DEPTH, close)
        shift_in(x, channels + 3 * DEPTH, DEPTH, volume)
        shift_in(x, channels + 4 * DEPTH, DEPTH, growth - 1.0)
        shift_in(x, channels + 5 * DEPTH, DEPTH, math.log(growth))
    x[s] = 0.0
    x[s + COUNT] += 1.0
