"""Statistics of the last 20 and 60 bars: shape and tails of the log returns r, and the place of the close c in its range.

With n returns, mean m, M_k = sum((r - m)^k), s = sqrt(M2 / (n - 1)):
    skewness = n sqrt(n-1) / (n-2) * M3 / M2^1.5                                   sample skewness G1, 0 for constant returns
    kurtosis = n(n+1)(n-1) / ((n-2)(n-3)) * M4 / M2^2 - 3(n-1)^2 / ((n-2)(n-3))    sample excess kurtosis G2, 0 for constant returns
    jarque_bera = n/6 * (S^2 + K^2/4), S and K the biased skewness and excess kurtosis; 0 for constant returns
    sharpe = m / s, 0 for constant returns;  return_zscore = (r[0] - m) / s, 0 for constant returns
    tail_share = share of returns further than 2 sqrt(M2 / n) from m
    largest_return_share = max|r| / sum|r|, 0 where all are 0
    quantile_position = (closes below c + half of those equal) / n, c among them;  drawdown = c / max(c) - 1
    tick_range = (max(c) - min(c)) / sum|c - c[-1]| over 60 closes, 0 where nothing moved

Returns count as constant where s is below 1e-12 or below 1e-7 of |m|: what is left then is rounding.
Source: Joanes and Gill, "Comparing measures of sample skewness and kurtosis" (1998), as pandas `skew` and `kurt`; Jarque and Bera
(1987), as scipy `jarque_bera`; tick_range is Kaufman's efficiency taken on the range instead of the net change.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, LOG_RETURN_AT
from tradebot.core.kernels import moments
from tradebot.core.kernels.kernel import kernel

_C = ("close",)
_SQRT_20, _SQRT_60 = math.sqrt(20), math.sqrt(60)
FEATURES: tuple[Feature, ...] = (
    F("skewness_20", "G1(r, 20), 0 where constant", "ratio", _C, 21, True, -_SQRT_20, _SQRT_20, "pandas skew"),
    F("skewness_60", "G1(r, 60), 0 where constant", "ratio", _C, 61, True, -_SQRT_60, _SQRT_60, "pandas skew"),
    F("kurtosis_20", "G2(r, 20), 0 where constant", "ratio", _C, 21, True, -2.3, 20.0, "pandas kurt"),
    F("kurtosis_60", "G2(r, 60), 0 where constant", "ratio", _C, 61, True, -2.1, 60.0, "pandas kurt"),
    F("jarque_bera_60", "60/6 * (S^2 + K^2 / 4), 0 where constant", "ratio", _C, 61, True, 0.0, 9000.0, "Jarque and Bera (1987)"),
    F("sharpe_20", "mean(r, 20) / std(r, 20), 0 where constant", "ratio", _C, 21, True),
    F("sharpe_60", "mean(r, 60) / std(r, 60), 0 where constant", "ratio", _C, 61, True),
    F("return_zscore_20", "(r - mean(r, 20)) / std(r, 20), 0 where constant", "ratio", _C, 21, True, -_SQRT_20, _SQRT_20),
    F("return_zscore_60", "(r - mean(r, 60)) / std(r, 60), 0 where constant", "ratio", _C, 61, True, -_SQRT_60, _SQRT_60),
    F("tail_share_60", "share of |r - mean| > 2 sqrt(M2 / 60), 0 where constant", "fraction", _C, 61, True, 0.0, 0.25),
    F("largest_return_share_60", "max|r| / sum|r|, 0 where all are 0", "fraction", _C, 61, True, 0.0, 1.0),
    F("quantile_position_60", "(count(c_i < c) + count(c_i = c) / 2) / 60", "fraction", _C, 60, True, 0.0, 1.0),
    F("drawdown_60", "c / max(c, 60) - 1", "fraction", _C, 60, True, -1.0, 0.0),
    F("tick_range_60", "(max(c) - min(c)) / sum|c - c[-1]|, 0 where nothing moved", "fraction", _C, 60, True, 0.0, 1.0),
)
STATE_WIDTH = 0
_NOISE, _RELATIVE_NOISE = 1e-24, 1e-14  # squares of the standard deviations that are rounding, absolute and relative to the mean


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `out[f:]` takes this family's columns; it has no memory of its own."""
    returns, closes = end + LOG_RETURN_AT, end + CLOSE_AT
    newest = state[returns]
    a1, a2, a3, a4 = moments.power_sums(state, returns - 59, 40, newest)
    b1, b2, b3, b4 = moments.power_sums(state, returns - 19, 20, newest)
    _shape(out, f, 20.0, newest, moments.central(20.0, b1, b2, b3, b4))
    sixty = moments.central(60.0, a1 + b1, a2 + b2, a3 + b3, a4 + b4)
    constant = _shape(out, f + 1, 60.0, newest, sixty)
    mean, m2, m3, m4 = sixty
    out[f + 4] = 0.0 if constant else 60.0 / 6.0 * (60.0 * m3 * m3 / (m2 * m2 * m2) + (60.0 * m4 / (m2 * m2) - 3.0) ** 2 / 4.0)
    out[f + 9] = 0.0 if constant else moments.count_beyond(state, returns - 59, 60, newest + mean, 4.0 * m2 / 60.0) / 60.0
    total, largest = moments.absolute_sum_and_max(state, returns - 59, 60)
    out[f + 10] = largest / total if total > 0.0 else 0.0

    close = state[closes]
    below, equal = moments.count_below_and_equal(state, closes - 59, 60, close)
    low, high = moments.lowest_and_highest(state, closes - 59, 60)
    travelled = moments.path_length(state, closes - 59, 60)
    out[f + 11] = (below + 0.5 * equal) / 60.0
    out[f + 12] = close / high - 1.0
    out[f + 13] = min((high - low) / travelled, 1.0) if travelled > 0.0 else 0.0


@kernel
def _shape(out: np.ndarray, f: int, n: float, newest: float, centred: tuple[float, float, float, float]) -> bool:
    """Skewness, kurtosis, Sharpe and z-score of one window to `out[f]`, `[f + 2]`, `[f + 5]`, `[f + 7]`; whether it is constant."""
    from_newest, m2, m3, m4 = centred
    mean = newest + from_newest
    if m2 <= n * _NOISE or m2 <= n * _RELATIVE_NOISE * mean * mean:
        out[f] = out[f + 2] = out[f + 5] = out[f + 7] = 0.0
        return True
    std = math.sqrt(m2 / (n - 1.0))
    cubed = std * std * std
    edge = math.sqrt(n)
    # M2^1.5 = std^3 (n-1)^1.5, and (n-1)^1.5 / sqrt(n-1) = n - 1
    out[f] = min(max(n / ((n - 1.0) * (n - 2.0)) * m3 / cubed, -edge), edge)
    kurtosis = (n * (n + 1.0) * (n - 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0) * (n - 1.0)) / ((n - 2.0) * (n - 3.0))
    out[f + 2] = min(max(kurtosis, -2.0 * (n - 1.0) / (n - 3.0)), n)
    out[f + 5] = mean / std
    out[f + 7] = -from_newest / std
    return False
