"""Signal strength family: momentum weighed by volume, volatility and noise.

    signal_strength = momentum_3m * volume_ratio / (volatility_5m + 1e-6)
    trend_strength_15 = momentum_15m / (sqrt(15) * volatility_15m + 1e-6): the move in standard deviations of such a move
    volume_confirmed_momentum = momentum_5m * min(volume_ratio, 3)
    momentum_noise_ratio_20 = (c - c[-20]) / sum of the last 20 |c - c[-1]|, 0 where the price stood still (Kaufman's efficiency
        ratio, signed)

with momentum_Nm = c / c[-N] - 1, volume_ratio = v / mean of the last 10 v (1 where that is 0) and volatility_Nm the sample standard
deviation of the last N simple returns.
Source: seeds/000 `create_advanced_features` for signal_strength; Kaufman, "Trading Systems and Methods", for the efficiency ratio.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CHANGE_AT, CLOSE_AT, VOLUME_AT
from tradebot.core.kernels.deviations import deviation, span_moments
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import lanes, load, magnitude, total
from tradebot.core.kernels.rolling import ratio, window_sum

_FLOOR = 1e-6
_RATIO_MAX = 3.0
_ROOT_15 = math.sqrt(15.0)
_CV = ("close", "volume")
FEATURES: tuple[Feature, ...] = (
    F("signal_strength", "momentum_3m * volume_ratio / (volatility_5m + 1e-6)", "ratio", _CV, 10, True),
    F("trend_strength_15", "momentum_15m / (sqrt(15) volatility_15m + 1e-6)", "deviations", ("close",), 16, True),
    F("volume_confirmed_momentum", "momentum_5m * min(volume_ratio, 3)", "fraction", _CV, 10, True, -_RATIO_MAX),
    F("momentum_noise_ratio_20", "(c - c[-20]) / sum20 |dc|, 0 where 0", "share", ("close",), 21, True, -1.0, 1.0),
)
STATE_WIDTH = 0


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `out[f:]` are this family's columns; it has no memory."""
    c, r, v = end + CLOSE_AT, end + CHANGE_AT, end + VOLUME_AT
    close, pivot = state[c], state[r]
    a, aa = span_moments(state, r, 0, 4, pivot)
    more, squares = span_moments(state, r, 5, 14, pivot)
    vol_5, vol_15 = deviation(a, aa, 5), deviation(a + more, aa + squares, 15)
    volume_ratio = ratio(state[v], window_sum(state, v, 10) / 10.0, 1.0)
    out[f] = (close / state[c - 3] - 1.0) * volume_ratio / (vol_5 + _FLOOR)
    out[f + 1] = (close / state[c - 15] - 1.0) / (_ROOT_15 * vol_15 + _FLOOR)
    out[f + 2] = (close / state[c - 5] - 1.0) * min(volume_ratio, _RATIO_MAX)
    moved = lanes(0.0)
    for i in range(c - 19, c, 4):
        moved = moved + magnitude(load(state, i) - load(state, i - 1))
    out[f + 3] = min(max(ratio(close - state[c - 20], total(moved), 0.0), -1.0), 1.0)
