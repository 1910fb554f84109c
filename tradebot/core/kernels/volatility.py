"""GARCH(1,1) and the local-level Kalman filter, one step each, with fixed coefficients. Leaves of filters.py and frames.py.

GARCH: v' = (1 - a - b) V + a r^2 + b v, a = 0.06, b = 0.90; V, the long-run variance, is the caller's mean squared log return (variance
targeting), so a forecast k bars ahead is V + 0.96^(k-1) (v' - V).

Local level: y = x + noise of variance R, x = x[-1] + step of variance Q. All is kept relative to the newest price: with y - x written as
the gap left after the update, (1 - K) * innovation, the next innovation is that gap plus the next log return. No logarithm of a
price is ever taken, and a price that stands still has innovation exactly 0.

Source: Bollerslev (1986); Engle and Mezrich, "GARCH for groups" (1996) for variance targeting; Harvey, "Forecasting, Structural Time
Series Models and the Kalman Filter" (1989), sections 3.2 and 4.1.2.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.kernels.kernel import kernel

ALPHA, BETA = 0.06, 0.90
OMEGA_SHARE = 1.0 - ALPHA - BETA
_DEAD = 1e-30  # a variance that no price move can have: a decaying one ends there instead of in denormals


@kernel
def garch_step(variance: float, long_run: float, log_return: float) -> float:
    """Variance forecast of the next bar from this bar's forecast and return."""
    following = OMEGA_SHARE * long_run + ALPHA * log_return * log_return + BETA * variance
    return following if following > _DEAD else 0.0


def mean_decay(bars: int) -> float:
    """Mean of 0.96^(k - 1) over k = 1..bars: what is left, on average, of the forecast's distance from the long run."""
    persistence = ALPHA + BETA
    return (1.0 - persistence**bars) / (bars * (1.0 - persistence))


@kernel
def steady_gain(ratio: float) -> float:
    """Gain that the local level's filter settles at, for Q / R: the root of K^2 = ratio (1 - K) in (0, 1)."""
    return 0.5 * (math.sqrt(ratio * (ratio + 4.0)) - ratio)


@kernel
def finite_garch_and_level(x: np.ndarray, newest: int, n: int, long_run: float, gain: float, back: int) -> tuple[float, float, float]:
    """Both filters over the `n` log returns that end at `x[newest]`: (GARCH variance of the next bar from `long_run`, innovation of the
    level with a fixed gain that began at the price before them, that innovation `back` bars ago).
    """
    variance = long_run
    innovation = earlier = 0.0
    kept = 1.0 - gain
    w = x[newest - n + 1 : newest + 1]
    for i in range(n - back):
        r = w[i]
        variance = OMEGA_SHARE * long_run + ALPHA * r * r + BETA * variance
        innovation = kept * innovation + r
    earlier = innovation
    for i in range(n - back, n):
        r = w[i]
        variance = OMEGA_SHARE * long_run + ALPHA * r * r + BETA * variance
        innovation = kept * innovation + r
    return variance, innovation, earlier
