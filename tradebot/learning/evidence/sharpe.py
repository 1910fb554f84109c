"""The Sharpe ratio, how sure one can be of it, and what is left of it once the trials are counted.

All ratios are of one session unless their name says `annual`; annual is daily times sqrt(252). No risk-free
rate is taken off: cash is a null model of its own. What isn't defined (too few sessions, nothing varies) is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from tradebot.learning.evidence.arrays import SESSIONS_A_YEAR, Float, is_constant, sharpe_of, stationary_rows

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329
SESSIONS_MIN: Final = 4  # below, a kurtosis is not defined
ANNUAL: Final = math.sqrt(SESSIONS_A_YEAR)


@dataclass(frozen=True, slots=True)
class Moments:
    """Of daily net returns: the Sharpe ratio with the population's deviation; skew and kurtosis (3 for a normal) without bias."""

    sessions: int
    sharpe: float
    skew: float
    kurtosis: float

    @property
    def spread(self) -> float:
        """(n - 1) times the variance of the estimated Sharpe ratio: 1 - skew SR + (kurtosis - 1) / 4 SR^2 (Mertens 2002)."""
        return 1.0 - self.skew * self.sharpe + (self.kurtosis - 1.0) / 4.0 * self.sharpe**2


@dataclass(frozen=True, slots=True)
class Interval:
    low_annual: float
    high_annual: float


def moments_of(returns: Float) -> Moments | None:
    """None for fewer than 4 returns, a return that is not finite, or returns that don't vary."""
    n = len(returns)
    if n < SESSIONS_MIN or not np.isfinite(returns).all() or is_constant(returns):
        return None
    away = returns - returns.mean()
    m2, m3, m4 = (float((away**k).mean()) for k in (2, 3, 4))
    skew = m3 / m2**1.5 * math.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (m4 / m2**2 - 3.0) + 6.0)
    found = Moments(n, float(returns.mean()) / math.sqrt(m2), skew, excess + 3.0)
    return found if found.spread > 0.0 else None


def interval(moments: Moments, confidence: float = 0.95) -> Interval:
    """Around the annual Sharpe ratio, for returns that need not be normal (Lo 2002, with Mertens' variance)."""
    half = _NORMAL.inv_cdf(0.5 + confidence / 2.0) * math.sqrt(moments.spread / (moments.sessions - 1))
    return Interval((moments.sharpe - half) * ANNUAL, (moments.sharpe + half) * ANNUAL)


def bootstrap_interval(returns: Float, draws: int, seed: int, confidence: float = 0.95) -> Interval:
    """Percentiles of the annual Sharpe ratio over stationary resamples: also right where days depend on each other."""
    drawn = sharpe_of(returns[stationary_rows(len(returns), draws, seed)]) * ANNUAL
    low, high = np.quantile(drawn, [0.5 - confidence / 2.0, 0.5 + confidence / 2.0])
    return Interval(float(low), float(high))


def probabilistic_sharpe(moments: Moments, benchmark: float = 0.0) -> float:
    """Probability that the true daily Sharpe ratio exceeds `benchmark` (Bailey and Lopez de Prado 2012, equation 7)."""
    return _NORMAL.cdf((moments.sharpe - benchmark) * math.sqrt(moments.sessions - 1) / math.sqrt(moments.spread))


def min_track_record_sessions(moments: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Fewest sessions at which such a track record has a PSR of `confidence` (the same paper, equation 11); inf where none is enough."""
    if moments.sharpe <= benchmark:
        return math.inf
    z = _NORMAL.inv_cdf(confidence)
    return math.ceil(moments.spread * (z / (moments.sharpe - benchmark)) ** 2) + 1.0


def expected_max_z(trials: int) -> float:
    """Expected largest of `trials` independent standard normals, (1 - g) z(1 - 1/N) + g z(1 - 1/(N e)); 0 for one trial.

    Bailey, Borwein, Lopez de Prado and Zhu 2014, proposition 1; 1.57 for 10, 2.53 for 100, 3.26 for 1000.
    """
    assert trials >= 1, "what is measured was tried"
    if trials == 1:
        return 0.0
    return (1.0 - _EULER) * _NORMAL.inv_cdf(1.0 - 1.0 / trials) + _EULER * _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))


def expected_max_sharpe(trials: int, variance: float) -> float:
    """Daily Sharpe ratio that the best of `trials` without any skill is expected to show; `variance` is that of the trials' daily ones."""
    return math.sqrt(variance) * expected_max_z(trials)


def deflated_sharpe(moments: Moments, trials: int, variance: float) -> float:
    """PSR against what the best of `trials` shows by luck (Bailey and Lopez de Prado 2014)."""
    return probabilistic_sharpe(moments, expected_max_sharpe(trials, variance))


def min_backtest_years(trials: int, sharpe_annual: float = 1.0) -> float:
    """Years of history at which the best of `trials` without skill is expected to show `sharpe_annual`: (E[max z] / SR)^2.

    The exact form of MinBTL (Bailey, Borwein, Lopez de Prado and Zhu 2014, theorem 2); 5.0 years for 45 trials and a ratio of 1.
    """
    assert sharpe_annual > 0.0
    return (expected_max_z(trials) / sharpe_annual) ** 2


def refuse_best_of(trials: int, sessions: int, sharpe_annual: float = 1.0) -> str | None:
    """Why the best Sharpe ratio of `trials` may not be shown on this history; None when it may."""
    years, needed = sessions / SESSIONS_A_YEAR, min_backtest_years(trials, sharpe_annual)
    if years >= needed:
        return None
    return (
        f"the best of {trials} trials is expected to show a Sharpe ratio of {sharpe_annual:g} by luck alone on "
        f"less than {needed:.1f} years; this history has {years:.1f}"
    )
