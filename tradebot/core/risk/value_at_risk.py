"""What a portfolio may lose in a day, in units: parametric with the shrunk covariance, and historical.

    parametric   z(c) * (sqrt(v' S v) + u * sum |v_unknown|),  v' S v = (1 - d) sum_t w[t] p[t]**2 + d sum_n v[n]**2 s[n]
    historical   the loss that a share of 1 - c of the last sessions exceeded, and z(c) * u * sum |v_unknown|

p[t] = sum_n R[t, n] v[n] is what today's positions v (units) would have made in session t; w, d and s are of core/risk/history.py; z is
the normal quantile of the confidence c. What nothing is known of is assumed to move by `u` a day, all of it in the same direction and
against us. Source: J.P. Morgan/Reuters, RiskMetrics Technical Document (1996), chapters 5 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tradebot.core.risk.history import KNOWN, RiskHistory, weights_of


class ValueAtRisk(NamedTuple):
    """Units, NaN where it can't be told."""

    parametric: float
    historical: float


def value_at_risk(values: Mapping[int, int], history: RiskHistory, confidence: float, unknown_volatility: float) -> ValueAtRisk:
    """Of positions in units by their place in the universe, -1 for all that is outside it."""
    known = history.known()
    inside = {n: units for n, units in values.items() if 0 <= n < len(known) and known[n]}
    z = NormalDist().inv_cdf(confidence)
    assumed = z * unknown_volatility * sum(abs(units) for n, units in values.items() if n not in inside)
    if not inside:
        return ValueAtRisk(assumed, assumed)
    places = np.array(sorted(inside), np.int64)
    held = np.array([float(inside[n]) for n in places.tolist()])
    made = np.nan_to_num(history.returns[:, places], nan=0.0) @ held  # (T,)
    d, weights = history.shrinkage, weights_of(len(made))
    variance = (1.0 - d) * float(weights @ (made * made)) + d * float((held * held) @ history.variances[places])
    parametric = z * math.sqrt(variance) if variance >= 0.0 else math.nan
    losses = np.sort(-made)[::-1]
    beyond = losses[min(math.floor((1.0 - confidence) * len(losses) + 1e-9), len(losses) - 1)] if len(losses) >= KNOWN else math.nan
    return ValueAtRisk(parametric + assumed, max(float(beyond), 0.0) + assumed)
