"""Momentum family: how far the price has come, how steadily, and whether it is getting faster.

    momentum_Nm = close / close N bars ago - 1
    momentum_acceleration = momentum_5m - momentum_5m one bar ago;  momentum_change_5 = momentum_5m - momentum_5m five bars ago
    momentum_10 = close - close 10 bars ago (TA-Lib MOM);  rate_of_change_10 = 100 (close / close 10 bars ago - 1) (TA-Lib ROC)
    momentum_skip_15 = close 1 bar ago / close 15 bars ago - 1: without the newest bar, which tends to reverse (Jegadeesh 1990)
    linear_momentum_15 = mean of the last 15 returns with weights 15 (newest) .. 1 (TA-Lib WMA of returns)
    range_momentum_10 = (close - close 10 bars ago) / (highest high - lowest low of the 11 bars), 0 where they have no range
    up_share_20 = share of the last 20 returns above 0, a return of 0 counts half
    information_discreteness_60 = sign(close - close 60 bars ago) * (share of returns < 0 - share > 0): near -1 for many small steps in
        one direction, above 0 for few large ones (Da, Gurun and Warachka, "Frog in the Pan", 2014)
    first_half_hour_return = close / session open - 1 until 30 minutes after the open, then what it was (Gao, Han, Li and Zhou, "Market
        intraday momentum", 2018)

Returns are simple returns of bars. Source: seeds/000 `create_advanced_features` for momentum_Nm and the acceleration; else as named.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import MINUTE, OPEN, SESSION, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CHANGE_AT, CLOSE_AT, HIGH_AT, LOW_AT
from tradebot.core.kernels.high_low import window_range
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio

_C = ("close",)
_FIRST_MINUTES = 30.0
FEATURES: tuple[Feature, ...] = (
    F("momentum_1m", "c / c[-1] - 1", "fraction", _C, 2, True, -1.0),
    F("momentum_3m", "c / c[-3] - 1", "fraction", _C, 4, True, -1.0),
    F("momentum_5m", "c / c[-5] - 1", "fraction", _C, 6, True, -1.0),
    F("momentum_15m", "c / c[-15] - 1", "fraction", _C, 16, True, -1.0),
    F("momentum_30m", "c / c[-30] - 1", "fraction", _C, 31, True, -1.0),
    F("momentum_60m", "c / c[-60] - 1", "fraction", _C, 61, True, -1.0),
    F("momentum_acceleration", "momentum_5m - momentum_5m[-1]", "fraction", _C, 7, True),
    F("momentum_change_5", "momentum_5m - momentum_5m[-5]", "fraction", _C, 11, True),
    F("momentum_10", "c - c[-10]", "usd", _C, 11, False),
    F("rate_of_change_10", "100 (c / c[-10] - 1)", "percent", _C, 11, True, -100.0),
    F("momentum_skip_15", "c[-1] / c[-15] - 1", "fraction", _C, 16, True, -1.0),
    F("linear_momentum_15", "sum((15 - i) r[-i]) / 120, i = 0..14", "fraction", _C, 16, True, -1.0),
    F("range_momentum_10", "(c - c[-10]) / (max11 h - min11 l), 0 where equal", "share", ("high", "low", "close"), 11, True, -1.0, 1.0),
    F("up_share_20", "mean20((1 + sign(r)) / 2)", "share", _C, 21, True, 0.0, 1.0),
    F("information_discreteness_60", "-sign(c - c[-60]) mean60(sign(r))", "share", _C, 61, True, -1.0, 1.0),
    F("first_half_hour_return", "c / session open - 1, held from minute 30", "fraction", ("open", "close", "session"), 1, True, -1.0),
)
STATE_WIDTH = 5  # session, its open, the return held; ups less downs of 20 and of 60


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    c = end + CLOSE_AT
    close, close_1, close_5, close_10 = state[c], state[c - 1], state[c - 5], state[c - 10]
    momentum_5 = close / close_5 - 1.0
    out[f] = close / close_1 - 1.0
    out[f + 1] = close / state[c - 3] - 1.0
    out[f + 2] = momentum_5
    out[f + 3] = close / state[c - 15] - 1.0
    out[f + 4] = close / state[c - 30] - 1.0
    out[f + 5] = close / state[c - 60] - 1.0
    out[f + 6] = momentum_5 - (close_1 / state[c - 6] - 1.0)
    out[f + 7] = momentum_5 - (close_5 / close_10 - 1.0)
    out[f + 8] = close - close_10
    out[f + 9] = 100.0 * (close / close_10 - 1.0)
    out[f + 10] = close_1 / state[c - 15] - 1.0
    out[f + 11] = _linear_mean(state, end + CHANGE_AT)
    high, low = window_range(state, end + HIGH_AT, end + LOW_AT, 11)
    out[f + 12] = ratio(close - close_10, high - low, 0.0)
    out[f + 13] = 0.5 + _count_ups(state, s + 3, end + CHANGE_AT, 20) / 40.0
    out[f + 14] = _count_ups(state, s + 4, end + CHANGE_AT, 60) / 60.0 * ((close < state[c - 60]) - (close > state[c - 60]))

    if state[s] != row[SESSION]:
        state[s] = row[SESSION]
        state[s + 1] = row[OPEN]
        state[s + 2] = 0.0
    if row[MINUTE] - row[SESSION] < _FIRST_MINUTES:
        state[s + 2] = close / state[s + 1] - 1.0
    out[f + 15] = state[s + 2]


@kernel
def _linear_mean(x: np.ndarray, end: int) -> float:
    """Three sums of five, so that the processor need not wait for one."""
    w = x[end - 14 : end + 1]
    a = b = c = 0.0
    for i in range(5):
        a += (i + 1.0) * w[i]
        b += (i + 6.0) * w[i + 5]
        c += (i + 11.0) * w[i + 10]
    return (a + b + c) / 120.0


@kernel
def _count_ups(state: np.ndarray, at: int, newest: int, n: int) -> float:
    """Returns above 0 less returns below 0 among the last `n`, kept at `at`: whole numbers, so adding and taking away is exact."""
    new, old = state[newest], state[newest - n]
    state[at] += ((new > 0.0) - (new < 0.0)) - ((old > 0.0) - (old < 0.0))
    ups: float = state[at]
    return ups
