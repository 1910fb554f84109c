"""A symbol's last 64 bars, as contiguous windows.

Each channel is a ring written twice, `SPAN` slots apart, so that any window of up to `DEPTH` values that ends at the newest one is one
contiguous slice, oldest first. `push` answers the index of the newest open; the newest value of another channel lies at that index
plus the channel's offset: `state[end + CLOSE_AT]`, and `window_max(state, end + HIGH_AT, 20)` is the highest high of 20 bars.

At a symbol's first bar the whole ring is filled with it: prices stood still, returns were 0.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN, VOLUME
from tradebot.core.kernels.kernel import kernel

DEPTH = 64
SPAN = 2 * DEPTH
# Offsets from `end`. CHANGE is close / previous close - 1 and LOG_RETURN is ln(close / previous close), both 0 at the first bar; TYPICAL is
# (high + low + close) / 3; TRUE_RANGE is Wilder's, max(h, c[-1]) - min(l, c[-1]).
CHANNELS = 9
OPEN_AT, HIGH_AT, LOW_AT, CLOSE_AT, VOLUME_AT, CHANGE_AT, LOG_RETURN_AT, TYPICAL_AT, TRUE_RANGE_AT = (SPAN * i for i in range(CHANNELS))
STATE_WIDTH = 1 + CHANNELS * SPAN  # bars pushed since the reset, then the channels


@kernel
def push(state: np.ndarray, s: int, row: np.ndarray) -> int:
    """Append one bar; the index of the newest open."""
    count = state[s]
    at = s + 1 + int(count) % DEPTH
    close = row[CLOSE]
    before = state[s + 1 + CLOSE_AT + (int(count) - 1) % DEPTH] if count > 0.0 else close
    high = row[HIGH] if row[HIGH] > before else before
    low = row[LOW] if row[LOW] < before else before
    _put(state, at + OPEN_AT, row[OPEN])
    _put(state, at + HIGH_AT, row[HIGH])
    _put(state, at + LOW_AT, row[LOW])
    _put(state, at + CLOSE_AT, close)
    _put(state, at + VOLUME_AT, row[VOLUME])
    _put(state, at + CHANGE_AT, close / before - 1.0)
    _put(state, at + LOG_RETURN_AT, math.log(close / before))
    _put(state, at + TYPICAL_AT, (row[HIGH] + row[LOW] + close) / 3.0)
    _put(state, at + TRUE_RANGE_AT, high - low)
    state[s] = count + 1.0
    if count == 0.0:
        for channel in range(CHANNELS):
            first = s + 1 + channel * SPAN
            for i in range(1, SPAN):
                state[first + i] = state[first]
    return at + DEPTH


@kernel
def _put(state: np.ndarray, at: int, value: float) -> None:
    state[at] = value
    state[at + DEPTH] = value
