"""Volume flow family: volume on the side to which the price moved.

With dc = c - c[-1], r = dc / c[-1], sums over the session so far, and at its first bar o in place of c[-1]:

    session_obv = sum(sign(dc) v) / sum(v), 0 where nothing traded (Granville's on-balance volume as a share)
    session_accumulation = sum(clv v) / sum(v), 0 where nothing traded, clv = (2 c - h - l) / (h - l), 0 where h = l (Chaikin's A/D line)
    session_volume_price_trend = sum(r v) / sum(v), 0 where nothing traded
    session_positive_volume_return, session_negative_volume_return = sum of ln(c / c[-1]) over the bars, but the first, that traded more,
        less, than the bar before (Fosback's PVI and NVI as log returns)
    money_flow_20 = sum20(clv v) / sum20(v), 0 where nothing traded (Chaikin money flow)
    up_volume_share_20 = share of the last 20 bars' volume that traded while dc > 0, half of it where dc = 0; 0.5 where nothing traded
    force_index_13 = sum13(dc v) / (c sum13(v)), 0 where nothing traded (Elder's, with plain means, as a fraction of the price)
    ease_of_movement_14 = mean14(e) mean14(v), e = dm (h - l) / (c^2 v), 0 where v = 0, dm = change of (h + l) / 2 (Arms 1996, scaled)

The session's sums begin anew at each open, so no start of a history is felt; windows run across sessions.
Source: Achelis, "Technical Analysis from A to Z", for OBV, A/D, CMF, PVT, PVI, NVI and EMV; Elder, "Trading for a Living", for force.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN, SESSION, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, HIGH_AT, LOG_RETURN_AT, LOW_AT, VOLUME_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width

_CV, _HLCV = ("close", "volume"), ("high", "low", "close", "volume")
_DAY, _DAY_HLCV = ("open", "close", "volume", "session"), ("high", "low", "close", "volume", "session")
FEATURES: tuple[Feature, ...] = (
    F("session_obv", "sum(sign(dc) v) / sum(v), 0 where 0", "share", _DAY, 1, True, -1.0, 1.0),
    F("session_accumulation", "sum(clv v) / sum(v), 0 where 0", "share", _DAY_HLCV, 1, True, -1.0, 1.0),
    F("session_volume_price_trend", "sum(r v) / sum(v), 0 where 0", "fraction", _DAY, 1, True, -1.0),
    F("session_positive_volume_return", "sum(ln(c/c[-1]) where v > v[-1])", "log return", _DAY, 1, True),
    F("session_negative_volume_return", "sum(ln(c/c[-1]) where v < v[-1])", "log return", _DAY, 1, True),
    F("money_flow_20", "sum20(clv v) / sum20(v), 0 where 0", "share", _HLCV, 20, True, -1.0, 1.0),
    F("up_volume_share_20", "sum20(v (1 + sign(dc)) / 2) / sum20(v), 0.5 where 0", "share", _CV, 21, True, 0.0, 1.0),
    F("force_index_13", "sum13(dc v) / (c sum13(v)), 0 where 0", "fraction", _CV, 14, True),
    F("ease_of_movement_14", "mean14(dm (h - l) / (c^2 v)) mean14(v)", "fraction^2", _HLCV, 15, True),
)
# Session, its volume, its signed, located and return-weighted volume, its returns on more and on less volume; then the sliding sums.
_WINDOW_20 = 7
_WINDOW_13 = _WINDOW_20 + sums_width(20, 3)
_WINDOW_14 = _WINDOW_13 + sums_width(13, 2)
STATE_WIDTH = _WINDOW_14 + sums_width(14, 2)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    high, low, close, v = row[HIGH], row[LOW], row[CLOSE], row[VOLUME]
    located = ratio((close - low) - (high - close), high - low, 0.0) * v
    _session(state, s, end, row, located, out, f)

    before = state[end + CLOSE_AT - 1]
    side = 1.0 * (close > before) - 1.0 * (close < before)
    sliding_sums(state, s + _WINDOW_20, 20, (located, 0.5 * (1.0 + side) * v, v))
    t = s + _WINDOW_20 + TOTALS
    out[f + 5] = _share(state[t], state[t + 2])
    out[f + 6] = min(ratio(state[t + 1], state[t + 2], 0.5), 1.0)

    sliding_sums(state, s + _WINDOW_13, 13, ((close - before) * v, v))
    t = s + _WINDOW_13 + TOTALS
    out[f + 7] = ratio(state[t], close * state[t + 1], 0.0)

    moved = 0.5 * ((high - state[end + HIGH_AT - 1]) + (low - state[end + LOW_AT - 1]))
    sliding_sums(state, s + _WINDOW_14, 14, (ratio(moved / close * ((high - low) / close), v, 0.0), v))
    t = s + _WINDOW_14 + TOTALS
    out[f + 8] = state[t] / 14.0 * (state[t + 1] / 14.0)


@kernel
def _session(state: np.ndarray, s: int, end: int, row: np.ndarray, located: float, out: np.ndarray, f: int) -> None:
    close, v, before, v_before = row[CLOSE], row[VOLUME], state[end + CLOSE_AT - 1], state[end + VOLUME_AT - 1]
    if state[s] != row[SESSION]:
        for i in range(1, _WINDOW_20):
            state[s + i] = 0.0
        state[s] = row[SESSION]
        before, v_before = row[OPEN], v
    state[s + 1] += v
    state[s + 2] += v * (close > before) - v * (close < before)
    state[s + 3] += located
    state[s + 4] += v * (close / before - 1.0)
    q = state[end + LOG_RETURN_AT]
    state[s + 5] += q if v > v_before else 0.0
    state[s + 6] += q if v < v_before else 0.0
    traded = state[s + 1]
    out[f] = _share(state[s + 2], traded)
    out[f + 1] = _share(state[s + 3], traded)
    out[f + 2] = max(ratio(state[s + 4], traded, 0.0), -1.0)
    out[f + 3] = state[s + 5]
    out[f + 4] = state[s + 6]


@kernel
def _share(part: float, whole: float) -> float:
    return min(max(ratio(part, whole, 0.0), -1.0), 1.0)
