"""Regimes with persistence: a new label takes effect only after it has been seen `bars` times in a row.

    at_once      this label (a crisis) takes effect on the bar on which it is seen; leaving it takes `bars` bars again
    UNKNOWN      is shown on the bar on which it is seen (fail closed) and leaves the memory as it was: a missing bar is no evidence

One step per bar; the scan is that step in a loop, so both agree bit for bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.regime.detector import UNKNOWN, Labels

State = npt.NDArray[np.int64]

LABEL, DWELL, CANDIDATE, RUN = range(4)
STATE_WIDTH: Final = 4
"""A symbol's memory: the label in effect, the bars it has been (this one included), the label that asks to follow, how often in a row."""


def new_state(symbols: int) -> State:
    """Memory of symbols that have seen no label, (N, 4)."""
    state = np.zeros((symbols, STATE_WIDTH), np.int64)
    state[:, LABEL] = state[:, CANDIDATE] = UNKNOWN
    return state


@njit(cache=True, error_model="numpy")
def _step_symbol(state: State, seen: int, bars: int, at_once: int) -> int:
    if seen == UNKNOWN:
        return UNKNOWN
    state[DWELL] += 1
    if seen == state[LABEL]:
        state[CANDIDATE], state[RUN] = UNKNOWN, 0
    else:
        state[RUN] = state[RUN] + 1 if seen == state[CANDIDATE] else 1
        state[CANDIDATE] = seen
        if state[RUN] >= bars or seen == at_once:
            state[LABEL], state[DWELL] = seen, 1
            state[CANDIDATE], state[RUN] = UNKNOWN, 0
    if state[LABEL] == UNKNOWN:
        state[DWELL] = 0
    return int(state[LABEL])


@njit(cache=True, error_model="numpy")
def persist_step(state: State, seen: Labels, bars: int, at_once: int, out: Labels) -> None:
    """One bar of N symbols: `state` (N, 4) moves on, `seen` (N,) are the raw labels, `out` (N,) the labels in effect."""
    for n in range(len(seen)):
        out[n] = _step_symbol(state[n], seen[n], bars, at_once)


@njit(cache=True, error_model="numpy")
def persist_scan(state: State, seen: Labels, bars: int, at_once: int, out: Labels) -> None:
    """`persist_step` over T bars: `seen` and `out` (T, N)."""
    for t in range(len(seen)):
        persist_step(state, seen[t], bars, at_once, out[t])
