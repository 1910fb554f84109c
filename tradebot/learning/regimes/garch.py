"""GARCH(1,1) by maximum likelihood: variance_t = omega + alpha * r_{t-1}^2 + beta * variance_{t-1}, returns normal and without a mean.

The search runs over three numbers without bounds: log of the long-run variance omega / (1 - alpha - beta), and the logits of the
persistence alpha + beta and of alpha's share in it; so every step is stationary. Source: Bollerslev (1986); Hamilton (1994), section 21.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.faults import OperatorFault

Float = npt.NDArray[np.float64]

RETURNS_MIN: Final = 250
_STARTS: Final = ((0.95, 0.1), (0.8, 0.3), (0.99, 0.05))  # (persistence, alpha's share)
_PERSISTENCE_MAX: Final = 0.9999


@dataclass(frozen=True, slots=True)
class GarchFit:
    """Parameters in the units of the returns (omega: their square), and the log likelihood."""

    omega: float
    alpha: float
    beta: float
    log_likelihood: float

    @property
    def persistence(self) -> float:
        return self.alpha + self.beta

    @property
    def long_run_volatility(self) -> float:
        """A bar's standard deviation in the long run."""
        return float(np.sqrt(self.omega / (1.0 - self.persistence)))


def fit_garch(returns: Float) -> GarchFit:
    """Fit to returns (T,) in order of time, finite. Raises OperatorFault for fewer than 250 and for constant ones."""
    from scipy.optimize import minimize

    if len(returns) < RETURNS_MIN or not np.isfinite(returns).all():
        raise OperatorFault(f"{int(np.isfinite(returns).sum())} of {len(returns)} returns are finite: GARCH needs {RETURNS_MIN} in a row")
    size = float(np.sqrt(np.mean(returns * returns)))
    if size == 0.0:
        raise OperatorFault("every return is 0: there is no volatility to fit")
    z = returns / size  # long-run variance near 1

    def loss(free: Float) -> float:
        return -float(_log_likelihood(z, *_parameters(free)))

    searches = [
        minimize(
            loss, np.array([0.0, _logit(p / _PERSISTENCE_MAX), _logit(a)]), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8}
        )
        for p, a in _STARTS
    ]
    best = min(searches, key=lambda search: float(search.fun))
    omega, alpha, beta = _parameters(best.x)
    return GarchFit(omega * size * size, alpha, beta, -float(best.fun) - len(z) * float(np.log(size)))


def _parameters(free: Float) -> tuple[float, float, float]:
    """(omega, alpha, beta) of the free numbers."""
    variance = float(np.exp(np.clip(free[0], -20.0, 20.0)))
    persistence, share = _PERSISTENCE_MAX * _logistic(free[1]), _logistic(free[2])
    return variance * (1.0 - persistence), persistence * share, persistence * (1.0 - share)


def _logistic(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(x, -50.0, 50.0))))


def _logit(p: float) -> float:
    return float(np.log(p / (1.0 - p)))


@njit(cache=True, error_model="numpy")
def _log_likelihood(r, omega, alpha, beta):  # type: ignore[no-untyped-def]
    variance = np.mean(r * r)  # of the first return: the sample's, as is usual
    total = 0.0
    for t in range(len(r)):
        total += np.log(variance) + r[t] * r[t] / variance
        variance = omega + alpha * r[t] * r[t] + beta * variance
    return -0.5 * (total + len(r) * np.log(2.0 * np.pi))
