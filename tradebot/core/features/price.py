"""Price family: the bar itself, and its shape relative to its close.

    typical_price = (high + low + close) / 3
    open_rel, high_rel, low_rel, typical_rel = x / close - 1
    return_1m = ln(close / previous close), 0 at the first bar

Source: seeds/001 "Feature Engineering Pipeline"; the relative forms are the ruling in SYSTEMS.md section 2.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN, VOLUME, Feature
from tradebot.core.features.feature import Feature as F

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
)
STATE_WIDTH = 1  # previous close, 0 before the first bar


@njit(cache=True, error_model="numpy")
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
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
    out[f + 10] = math.log(close / state[s]) if state[s] > 0.0 else 0.0
    state[s] = close
