"""The day's macro values as known before the open: volatility index and yields.

    vix, yield_3m, yield_10y = the value;  yield_slope = yield_10y - yield_3m
    vix_change_1 = vix - vix of the session before
    vix_percentile_20 = 100 * share of the last 20 sessions, this one included, whose vix is at most this one's

Sessions are those that had a vix and a bar of the symbol. Every column is NaN where its value is absent. The slope of the curve is
Estrella and Hardouvelis's (1991). Source: seeds/002 (cross-asset signals).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import SESSION, VIX, YIELD_3M, YIELD_10Y, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import shift_in

_SESSION_MINUTES = 390
_VIX = ("vix", "session")
FEATURES: tuple[Feature, ...] = (
    F("vix", "vix", "percent", ("vix",), 1, True, 0.0, source="Cboe"),
    F("vix_change_1", "vix - vix of the session before", "percentage points", _VIX, _SESSION_MINUTES + 1, True),
    F("vix_percentile_20", "100 * share of 20 sessions with vix <= this", "percent", _VIX, 20 * _SESSION_MINUTES, True, 5.0, 100.0),
    F("yield_3m", "yield_3m", "percent", ("yield_3m",), 1, True, source="US Treasury"),
    F("yield_10y", "yield_10y", "percent", ("yield_10y",), 1, True, source="US Treasury"),
    F(
        "yield_slope",
        "yield_10y - yield_3m",
        "percentage points",
        ("yield_3m", "yield_10y"),
        1,
        True,
        source="Estrella and Hardouvelis (1991)",
    ),
)
_SESSIONS = 20
_SEEN, _CHANGE, _PERCENTILE, _VALUES = 1, 2, 3, 4
STATE_WIDTH = _VALUES + _SESSIONS  # session of the newest value, sessions seen, this one's two columns, the sessions' values


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    vix = row[VIX]
    known = math.isfinite(vix)
    if known and state[s] != row[SESSION]:
        _begin_session(state, s, row[SESSION], vix)
    out[f] = vix
    out[f + 1] = state[s + _CHANGE] if known else np.nan
    out[f + 2] = state[s + _PERCENTILE] if known else np.nan
    out[f + 3] = row[YIELD_3M]
    out[f + 4] = row[YIELD_10Y]
    out[f + 5] = row[YIELD_10Y] - row[YIELD_3M]


@kernel
def _begin_session(x: np.ndarray, s: int, session: float, vix: float) -> None:
    """Compare the session's value, the same at each of its minutes, with those before it."""
    x[s] = session
    x[s + _SEEN] += 1.0
    shift_in(x, s + _VALUES, _SESSIONS, vix)
    newest = s + _VALUES + _SESSIONS - 1
    at_most = 0
    for i in range(s + _VALUES, newest + 1):
        at_most += x[i] <= vix
    x[s + _CHANGE] = vix - x[newest - 1] if x[s + _SEEN] >= 2.0 else np.nan
    x[s + _PERCENTILE] = 100.0 * at_most / _SESSIONS if x[s + _SEEN] >= _SESSIONS else np.nan
