"""Bars of several minutes, or of a whole session, built from one-minute bars as they come.

Bucket k of a session covers its minutes [k n, (k+1) n) since the open; the session's last bucket ends at its close, so it may be short. A
bucket is complete as soon as the bar of its last minute has come, or a bar of a later bucket or session. Minutes without a bar are
just missing; a bucket without any bar makes no frame bar.

Of the last 32 frame bars each channel is kept as a contiguous row, oldest first. At the first frame bar the rows are filled with it.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import MINUTE, SESSION, SESSION_END
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import fill, shift_in

DEPTH = 32
ENDS, COUNT, _CHANNELS = range(3)  # end minute of the open bucket (0 while none is open), frame bars appended, then the channels
# Offsets of each channel's newest value.
HIGH_AT, LOW_AT, CLOSE_AT, VOLUME_AT, CHANGE_AT, LOG_RETURN_AT = (_CHANNELS + DEPTH * (i + 1) - 1 for i in range(6))
STATE_WIDTH = _CHANNELS + 6 * DEPTH


@kernel
def bucket_end(row: np.ndarray, minutes: float) -> float:
    """The minute at which this bar's bucket of `minutes` ends."""
    ends = row[SESSION] + minutes * (math.floor((row[MINUTE] - row[SESSION]) / minutes) + 1.0)
    session_end: float = row[SESSION_END]
    return ends if ends < session_end else session_end


@kernel
def append(x: np.ndarray, s: int, high: float, low: float, close: float, volume: float) -> None:
    """Add a complete frame bar to the channels at `x[s:]`; no bucket is open then."""
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
    x[s + ENDS] = 0.0
    x[s + COUNT] += 1.0
