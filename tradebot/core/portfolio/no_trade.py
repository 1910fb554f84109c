"""The no-trade band: what an entry may hope for has to exceed what it costs, with a margin for the forecast's error.

    gain = |conviction| * volatility over the horizon        trade only where gain > 2 * cost a side + margin

All in fractions of the price. A plain function of numbers: numba compiles it unchanged.
Source: issue 5; Garleanu and Pedersen, "Dynamic Trading with Predictable Returns and Transaction Costs" (2013), for why a band.
"""

from __future__ import annotations

import math

_MINUTES_A_YEAR = 390.0 * 252.0


def expected_gain(conviction: float, volatility: float, horizon_min: float) -> float:
    """A fraction of the price, from an annual volatility; 0 where it is not known."""
    if not (volatility > 0.0 and math.isfinite(volatility) and math.isfinite(conviction)):
        return 0.0
    return abs(conviction) * volatility * math.sqrt(horizon_min / _MINUTES_A_YEAR)


def inside_band(gain: float, cost_bps: float, margin_bps: float) -> bool:
    """The gain does not pay for both sides and the margin."""
    return not gain > (2.0 * cost_bps + margin_bps) * 1e-4
