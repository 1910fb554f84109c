"""What a portfolio may lose in a day, in units: parametric with the shrunk covariance, and historical.

    parametric   z(c) * (sqrt(v' S v) + u * sum |v_unknown|),  v' S v = (1 - d) sum_t w[t] p[t]**2 + d sum_n v[n]**2 s[n]
    historical   the loss that a share of 1 - c of the last sessions exceeded, and z(c) * u * sum |v_unknown|

p[t] = sum_n R[t, n] v[n] is what today's positions v (units) would have made in session t; w, d and s are of core/risk/history.py; z is
the normal quantile of the confidence c. What nothing is known of is assumed to move by `u` a day, all of it in the same direction and
against us. Source: J.P. Morgan/Reuters, RiskMetrics Technical Document (1996), chapters 5 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tradebot.core.risk.day_risk import day_risk
from tradebot.core.risk.history import RiskHistory, weights_of


class ValueAtRisk(NamedTuple):
    """Units, NaN where it can't be told."""

    parametric: float
    historical: float


def value_at_risk(values: Mapping[int, int], history: RiskHistory, confidence: float, unknown_volatility: float) -> ValueAtRisk:
    """Of positions in units by their place in the universe, -1 for all that is outside it."""
    count, symbols = history.returns.shape
    held, outside = np.zeros(symbols), 0.0
    for n, units in values.items():
        if 0 <= n < symbols:
            held[n] = float(units)
        else:
            outside += abs(float(units))
    found = day_risk(
        held, history.known(), history.returns, weights_of(count), history.variances, history.shrinkage, normal_quantile(confidence),
        unknown_volatility, confidence, outside, np.empty(count),
    )  # fmt: skip
    return ValueAtRisk(*found)


def normal_quantile(confidence: float) -> float:
    """z(c): the deviations that a normal loss exceeds with probability 1 - c."""
    return NormalDist().inv_cdf(confidence)
