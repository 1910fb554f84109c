"""Against the reference symbol (SPY): beta, correlation, strength and spread, over the bars of the symbol itself.

q is the reference's log return since the symbol's bar before: ln(close now / last close seen), 0 while it has no bar; r is the
symbol's log return. For the reference symbol itself the same formulas hold: beta 1, correlation 1, spread 0.

    reference_return = q;  reference_momentum_15 = sum(q, 15);  reference_volatility_20 = sample std of q over 20
    beta_60 = cov(r, q) / var(q), clipped to -10..10, 1 where q is constant;  correlation_n = Pearson's, 0 where either is constant
    idiosyncratic_volatility_60 = sqrt(sum of squared residuals of r on q (with constant) / 58); the std of r where q is constant
    relative_strength_n = sum(r - q, n)
    spread_zscore_60 = (s - mean(s, 60)) / std(s, 60), s = ln(c) - ln(reference) (a spread of beta 1), 0 where constant

A column is NaN at a minute where the reference has no bar, and until the reference has been seen for as many bars as it looks back.
Constant means a standard deviation below 1e-12. Source: Sharpe (1963) for the market model; Gatev, Goetzmann and Rouwenhorst,
"Pairs trading" (2006) for the spread.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import REFERENCE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import LOG_RETURN_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.moments import products
from tradebot.core.kernels.ring import ring_push
from tradebot.core.kernels.rolling import window_moments, window_sum

_R, _CR = ("reference",), ("close", "reference")
_SHARPE = "Sharpe (1963)"
FEATURES: tuple[Feature, ...] = (
    F("reference_return", "q = ln(reference / last reference)", "log return", _R, 2, True),
    F("reference_momentum_15", "sum(q, 15)", "log return", _R, 16, True),
    F("reference_volatility_20", "std(q, 20)", "log return", _R, 21, True, 0.0),
    F("beta_60", "clip(cov(r, q) / var(q), -10, 10), 1 where q is constant", "ratio", _CR, 61, True, -10.0, 10.0, _SHARPE),
    F("correlation_20", "corr(r, q, 20), 0 where constant", "ratio", _CR, 21, True, -1.0, 1.0),
    F("correlation_60", "corr(r, q, 60), 0 where constant", "ratio", _CR, 61, True, -1.0, 1.0),
    F("idiosyncratic_volatility_60", "sqrt(sum of squared residuals / 58)", "log return", _CR, 61, True, 0.0, source=_SHARPE),
    F("relative_strength_15", "sum(r - q, 15)", "log return", _CR, 16, True),
    F("relative_strength_60", "sum(r - q, 60)", "log return", _CR, 61, True),
    F("spread_zscore_60", "zscore(ln(c / reference), 60), 0 where constant", "ratio", _CR, 60, True, -7.7, 7.7, "Gatev et al. (2006)"),
)
_DEPTH = 61
_SEEN, _LAST, _RETURNS = 0, 1, 2  # bars since the reference was first seen, its last close, then two rings: q, and the path of r - q
_SPREAD = _RETURNS + 1 + 2 * _DEPTH
STATE_WIDTH = _SPREAD + 1 + 2 * _DEPTH
_WARM_UP = np.array([f.warm_up_bars for f in FEATURES], np.float64)
_NOISE = 1e-24  # square of a standard deviation that is rounding


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    here = row[REFERENCE]
    present = here > 0.0
    own = end + LOG_RETURN_AT
    change = math.log(here / state[s + _LAST]) if present and state[s + _LAST] > 0.0 else 0.0
    if present:
        state[s + _LAST] = here
    if state[s + _LAST] > 0.0:
        state[s + _SEEN] += 1.0
    before = state[s + _SPREAD + 1 + _DEPTH + int(state[s + _SPREAD])]
    q = ring_push(state, s + _RETURNS, _DEPTH, change)
    spread = ring_push(state, s + _SPREAD, _DEPTH, before + (state[own] - change))
    if not present:
        for i in range(len(_WARM_UP)):
            out[f + i] = np.nan
        return

    out[f] = change
    out[f + 1] = window_sum(state, q, 15)
    _against(state, own, q, out, f)
    out[f + 7] = state[spread] - state[spread - 15]
    out[f + 8] = state[spread] - state[spread - 60]
    mean, squares = window_moments(state, spread, 60)
    out[f + 9] = (state[spread] - mean) / math.sqrt(squares / 59.0) if squares > 60.0 * _NOISE else 0.0
    if state[s + _SEEN] < _DEPTH:
        for i in range(len(_WARM_UP)):
            if state[s + _SEEN] < _WARM_UP[i]:
                out[f + i] = np.nan


@kernel
def _against(x: np.ndarray, own: int, q: int, out: np.ndarray, f: int) -> None:
    """What one pass over 60 pairs of returns gives: columns 2 to 6."""
    pivot, other = x[own], x[q]
    old = products(x, own - 59, q - 59, 40, pivot, other)
    new = products(x, own - 19, q - 19, 20, pivot, other)
    rr_20, qq_20, rq_20 = _centred(20.0, new[0], new[1], new[2], new[3], new[4])
    rr, qq, rq = _centred(60.0, old[0] + new[0], old[1] + new[1], old[2] + new[2], old[3] + new[3], old[4] + new[4])
    out[f + 2] = math.sqrt(qq_20 / 19.0)
    beta = rq / qq if qq > 0.0 else 1.0
    out[f + 3] = min(max(beta, -10.0), 10.0)
    out[f + 4] = _correlation(rr_20, qq_20, rq_20)
    out[f + 5] = _correlation(rr, qq, rq)
    residual = rr - beta * rq
    # What a billionth of the variance leaves is rounding; the reference itself has exactly no residual.
    out[f + 6] = math.sqrt(residual / 58.0 if qq > 0.0 else rr / 59.0) if residual > 1e-12 * rr else 0.0


@kernel
def _centred(n: float, a: float, b: float, aa: float, bb: float, ab: float) -> tuple[float, float, float]:
    """Sums of squares of two windows about their means, and of products; those of a constant window are exactly 0."""
    squares_a, squares_b = aa - a * a / n, bb - b * b / n
    moves_a, moves_b = squares_a > n * _NOISE, squares_b > n * _NOISE
    return squares_a if moves_a else 0.0, squares_b if moves_b else 0.0, ab - a * b / n if moves_a and moves_b else 0.0


@kernel
def _correlation(aa: float, bb: float, ab: float) -> float:
    if aa == 0.0 or bb == 0.0:
        return 0.0
    return min(max(ab / math.sqrt(aa * bb), -1.0), 1.0)
