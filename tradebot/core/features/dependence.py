"""Serial dependence of the last 60 log returns r: do moves go on, or come back?

P is the path of log prices (the cumulative sum of r); n = 60 and m = mean(r) unless said otherwise.

    autocorrelation_k = sum((r[i] - m)(r[i-k] - m)) / sum((r[i] - m)^2), 0 for constant returns
    variance_ratio_q = s2(q) / s2(1), 1 for constant returns, with s2(1) = sum((r - m)^2) / (n - 1) and
        s2(q) = sum over overlapping q-bar returns of (P[i] - P[i-q] - q m)^2 / (q (n - q + 1)(1 - q/n))
    hurst_64 = 0.5 + slope of ln(RS(w) / E(w)) on ln(w) for w = 8, 16, 32, 64 over 64 returns, clipped to [0, 1]; 0.5 where a width has
        no sub-window that moves. RS(w) is the mean over the 64/w sub-windows of range / deviation: the range of the cumulative sum of
        deviations from the sub-window's mean, and its population standard deviation; sub-windows that don't move are left out.
        E(w) = gamma((w-1)/2) / (sqrt(pi) gamma(w/2)) * sum over i < w of sqrt((w - i) / i) is what white noise has.
    half_life_60 = -ln(2) / ln(1 + b) bars, b the least-squares slope of P[i] - P[i-1] on P[i-1] (with constant), clipped to [0.1, 240];
        240 where b >= 0 (no reversion) or nothing moved, 0.1 where b <= -1
    frac_diff = sum over k < 50 of w_k ln(c[-k]), w_0 = 1, w_k = -w_(k-1) (d - k + 1) / k, d = 0.4
    frac_diff_rel = the same of ln(c[-k] / c[-49])

Returns count as constant where their standard deviation is below 1e-12 or below 1e-7 of their mean: what is left then is rounding.
Source: Lo and MacKinlay, "Stock market prices do not follow random walks" (1988), eq. 12-13; Anis and Lloyd, "The expected value of the
adjusted rescaled Hurst range" (1976); Lopez de Prado, "Advances in Financial Machine Learning" (2018), ch. 5 (fixed-width window); the
half-life is that of an Ornstein-Uhlenbeck process, as in Chan, "Algorithmic Trading" (2013), ch. 2.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import LOG_RETURN_AT
from tradebot.core.kernels.hurst import hurst_64
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import lanes, load, total
from tradebot.core.kernels.ring import fill, ring_push

_C = ("close",)
_LO = "Lo and MacKinlay (1988)"
_PRADO = "Lopez de Prado (2018), ch. 5"
HALF_LIFE_LOW, HALF_LIFE_HIGH = 0.1, 240.0
FEATURES: tuple[Feature, ...] = (
    F("autocorrelation_1", "acf(r, lag 1) over 60, 0 where constant", "ratio", _C, 61, True, -1.0, 1.0, "Box and Jenkins"),
    F("autocorrelation_5", "acf(r, lag 5) over 60, 0 where constant", "ratio", _C, 61, True, -1.0, 1.0, "Box and Jenkins"),
    F("variance_ratio_2", "s2(2) / s2(1) over 60, 1 where constant", "ratio", _C, 61, True, 0.0, 4.0, _LO),
    F("variance_ratio_5", "s2(5) / s2(1) over 60, 1 where constant", "ratio", _C, 61, True, 0.0, 10.0, _LO),
    F("variance_ratio_10", "s2(10) / s2(1) over 60, 1 where constant", "ratio", _C, 61, True, 0.0, 20.0, _LO),
    F("hurst_64", "0.5 + slope(ln(RS / E), ln w), 0.5 where constant", "ratio", _C, 65, True, 0.0, 1.0, "Anis and Lloyd (1976)"),
    F(
        "half_life_60", "-ln 2 / ln(1 + b) in [0.1, 240], 240 where b >= 0 or constant", "bars", _C, 61, True,
        HALF_LIFE_LOW, HALF_LIFE_HIGH, "Chan (2013), ch. 2",
    ),
    F("frac_diff", "sum(w_k ln(c[-k])), d 0.4, width 50", "log usd", _C, 50, False, source=_PRADO),
    F("frac_diff_rel", "sum(w_k ln(c[-k] / c[-49])), d 0.4, width 50", "log ratio", _C, 50, True, source=_PRADO),
)  # fmt: skip
_DEPTH = 65
_SCRATCH = 2 + 2 * _DEPTH  # after: seeded, the ring of the log path, which starts at 0
STATE_WIDTH = _SCRATCH + 8
_NOISE, _RELATIVE_NOISE = 1e-24, 1e-14  # squares of the standard deviations that are rounding, absolute and relative to the mean

_WIDTH = 50


def _fractional_weights(d: float, width: int) -> np.ndarray:
    """Weights of (1 - L)^d, oldest first."""
    weights = [1.0]
    for k in range(1, width):
        weights.append(-weights[-1] * (d - k + 1.0) / k)
    return np.array(weights[::-1])


_WEIGHTS = _fractional_weights(0.4, _WIDTH)
_WEIGHT_SUM = float(_WEIGHTS.sum())


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    if state[s] == 0.0:
        state[s] = 1.0
        fill(state, s + 1, 1 + 2 * _DEPTH, 0.0)
    newest = s + 2 + _DEPTH + int(state[s + 1])
    p = ring_push(state, s + 1, _DEPTH, state[newest] + state[end + LOG_RETURN_AT])

    first = p - 60
    mean = (state[p] - state[first]) / 60.0
    squares = _lagged(state, first, 0, mean)
    if squares <= 60.0 * _NOISE or squares <= 60.0 * _RELATIVE_NOISE * mean * mean:
        out[f] = out[f + 1] = 0.0
        out[f + 2] = out[f + 3] = out[f + 4] = 1.0
        out[f + 6] = HALF_LIFE_HIGH
    else:
        out[f] = _lagged(state, first, 1, mean) / squares
        out[f + 1] = _lagged(state, first, 5, mean) / squares
        unit = squares / 59.0
        out[f + 2] = _overlapping(state, first, 2, mean) / unit
        out[f + 3] = _overlapping(state, first, 5, mean) / unit
        out[f + 4] = _overlapping(state, first, 10, mean) / unit
        out[f + 6] = _half_life(state, first)
    out[f + 5] = hurst_64(state, p, s + _SCRATCH)
    difference = _fractional(state, p)
    out[f + 7] = difference + _WEIGHT_SUM * (math.log(row[CLOSE]) - (state[p] - state[p - _WIDTH + 1]))
    out[f + 8] = difference


@kernel
def _lagged(x: np.ndarray, first: int, lag: int, mean: float) -> float:
    """Sum of d[i] d[i - lag] over the 60 returns of the path from `x[first]`, d = return - mean."""
    centre, added = lanes(mean), lanes(0.0)
    stop = first + 60 - lag
    fours = stop - (60 - lag) % 4
    for i in range(first, fours, 4):
        earlier = load(x, i + 1) - load(x, i) - centre
        later = load(x, i + lag + 1) - load(x, i + lag) - centre
        added = added + earlier * later
    products: float = total(added)
    for i in range(fours, stop):
        products += (x[i + 1] - x[i] - mean) * (x[i + lag + 1] - x[i + lag] - mean)
    return products


@kernel
def _overlapping(x: np.ndarray, first: int, q: int, mean: float) -> float:
    """Variance per bar of the overlapping q-bar returns, unbiased."""
    expected, added = lanes(q * mean), lanes(0.0)
    stop = first + 61 - q
    fours = stop - (61 - q) % 4
    for i in range(first, fours, 4):
        d = load(x, i + q) - load(x, i) - expected
        added = added + d * d
    squares: float = total(added)
    for i in range(fours, stop):
        d = x[i + q] - x[i] - q * mean
        squares += d * d
    return squares / (q * (60.0 - q + 1.0) * (1.0 - q / 60.0))


@kernel
def _half_life(x: np.ndarray, first: int) -> float:
    """Of the path's reversion to its mean; see the module."""
    pivot = lanes(x[first + 59])
    levels, squares, products = lanes(0.0), lanes(0.0), lanes(0.0)
    for i in range(first, first + 60, 4):
        before = load(x, i)
        level = before - pivot
        levels = levels + level
        squares = squares + level * level
        products = products + level * (load(x, i + 1) - before)
    level_sum = total(levels)
    variance = total(squares) - level_sum * level_sum / 60.0
    if variance <= 60.0 * _NOISE:
        return HALF_LIFE_HIGH
    b = (total(products) - level_sum * (x[first + 60] - x[first]) / 60.0) / variance
    if b >= 0.0:
        return HALF_LIFE_HIGH
    if b <= -1.0:
        return HALF_LIFE_LOW
    return min(max(-math.log(2.0) / math.log1p(b), HALF_LIFE_LOW), HALF_LIFE_HIGH)


@kernel
def _fractional(x: np.ndarray, end: int) -> float:
    """Weighted sum of the path of 50 values that ends at `x[end]`, about its oldest."""
    first = end - _WIDTH + 1
    oldest, added = lanes(x[first]), lanes(0.0)
    for i in range(0, _WIDTH - 2, 4):
        added = added + load(_WEIGHTS, i) * (load(x, first + i) - oldest)
    rest: float = _WEIGHTS[_WIDTH - 2] * (x[end - 1] - x[first]) + _WEIGHTS[_WIDTH - 1] * (x[end] - x[first])
    difference: float = total(added) + rest
    return difference
