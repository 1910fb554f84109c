"""Session VWAP family.

    vwap = sum(typical_price * volume) / sum(volume), both since the session's open; typical_price while no share has traded
    vwap_deviation = (close - vwap) / vwap

Source: seeds/001 "Feature Engineering Pipeline". The sums restart with each session, so neither needs a warm-up.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tradebot.core.features.feature import CLOSE, HIGH, LOW, SESSION, VOLUME, Feature
from tradebot.core.features.feature import Feature as F

_INPUTS = ("high", "low", "close", "volume", "session")
FEATURES: tuple[Feature, ...] = (
    F("vwap", "cumsum(typical * v) / cumsum(v)", "usd", _INPUTS, 1, False),
    F("vwap_deviation", "(c - vwap) / vwap", "fraction", _INPUTS, 1, True),
)
STATE_WIDTH = 3  # session, sum of typical * volume, sum of volume


@njit(cache=True, error_model="numpy")
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    if state[s] != row[SESSION]:
        state[s] = row[SESSION]
        state[s + 1] = 0.0
        state[s + 2] = 0.0
    typical = (row[HIGH] + row[LOW] + row[CLOSE]) / 3.0
    state[s + 1] += typical * row[VOLUME]
    state[s + 2] += row[VOLUME]
    vwap = state[s + 1] / state[s + 2] if state[s + 2] > 0.0 else typical
    out[f] = vwap
    out[f + 1] = (row[CLOSE] - vwap) / vwap
