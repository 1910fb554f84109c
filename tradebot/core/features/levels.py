"""Levels that a session makes: its opening range, and the pivots of the session before.

    opening range: the high and low of the bars that start in the session's first 30 minutes, so far; of the first bar where none does
    opening_high_distance = (c - high) / c;  opening_low_distance = (c - low) / c
    opening_range_position = (c - low) / (high - low), 1/2 where that is 0
    pivot = (H + L + C) / 3 of the session before;  pivot_distance = (c - pivot) / c
    pivot_r1_distance = (c - r1) / c, r1 = 2 pivot - L;  pivot_s1_distance with s1 = 2 pivot - H
    pivot_r2_distance with r2 = pivot + H - L;  pivot_s2_distance with s2 = pivot - (H - L)

A start within a session leaves that session's levels wrong: by the 391st bar another session has begun, by the 781st the one after it.
Source: Crabel (1990) for the opening range; floor traders' pivots as in Person (2004).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, MINUTE, SESSION, Feature
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio


def _opening(name: str, formula: str, unit: str, high: float = math.inf) -> Feature:
    return Feature(name, formula, unit, ("high", "low", "close", "session", "minute"), 391, True, -math.inf, high, "Crabel 1990")


def _pivot(name: str, level: str, high: float = math.inf) -> Feature:
    inputs = ("high", "low", "close", "session")
    return Feature(name, f"(c - {level}) / c", "fraction", inputs, 781, True, -math.inf, high, "Person 2004")


FEATURES: tuple[Feature, ...] = (
    _opening("opening_high_distance", "(c - high of the first 30 minutes) / c", "fraction", 1.0),
    _opening("opening_low_distance", "(c - low of the first 30 minutes) / c", "fraction", 1.0),
    _opening("opening_range_position", "(c - low) / (high - low) of the first 30 minutes, 1/2 where that is 0", "share"),
    _pivot("pivot_distance", "pivot", 1.0),
    _pivot("pivot_r1_distance", "(2 pivot - L)", 1.0),
    _pivot("pivot_s1_distance", "(2 pivot - H)"),
    _pivot("pivot_r2_distance", "(pivot + H - L)", 1.0),
    _pivot("pivot_s2_distance", "(pivot - H + L)"),
)
_SESSION, _RANGE_HIGH, _RANGE_LOW, _HIGH, _LOW, _CLOSE, _BEFORE_HIGH, _BEFORE_LOW, _BEFORE_CLOSE = range(9)
STATE_WIDTH = 9

_OPENING_MINUTES = 30.0


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    high, low, close = row[HIGH], row[LOW], row[CLOSE]
    if state[s + _SESSION] != row[SESSION]:
        first_ever = state[s + _SESSION] == 0.0
        state[s + _SESSION] = row[SESSION]
        state[s + _BEFORE_HIGH] = high if first_ever else state[s + _HIGH]
        state[s + _BEFORE_LOW] = low if first_ever else state[s + _LOW]
        state[s + _BEFORE_CLOSE] = close if first_ever else state[s + _CLOSE]
        state[s + _RANGE_HIGH], state[s + _RANGE_LOW] = high, low
        state[s + _HIGH], state[s + _LOW] = high, low
    elif row[MINUTE] - row[SESSION] < _OPENING_MINUTES:
        state[s + _RANGE_HIGH] = max(state[s + _RANGE_HIGH], high)
        state[s + _RANGE_LOW] = min(state[s + _RANGE_LOW], low)
    state[s + _HIGH] = max(state[s + _HIGH], high)
    state[s + _LOW] = min(state[s + _LOW], low)
    state[s + _CLOSE] = close

    per_c = 1.0 / close
    top, bottom = state[s + _RANGE_HIGH], state[s + _RANGE_LOW]
    out[f] = (close - top) * per_c
    out[f + 1] = (close - bottom) * per_c
    out[f + 2] = ratio(close - bottom, top - bottom, 0.5)
    # Differences from the close, so that a price that stood still is at its pivots exactly.
    high_before, low_before = state[s + _BEFORE_HIGH] - close, state[s + _BEFORE_LOW] - close
    pivot = (high_before + low_before + (state[s + _BEFORE_CLOSE] - close)) / 3.0
    out[f + 3] = -pivot * per_c
    out[f + 4] = (low_before - 2.0 * pivot) * per_c
    out[f + 5] = (high_before - 2.0 * pivot) * per_c
    out[f + 6] = -(pivot + high_before - low_before) * per_c
    out[f + 7] = -(pivot - high_before + low_before) * per_c
