"""Volatility targeting: twice the volatility, half the position. A plain function of numbers: numba compiles it unchanged.

    weight = target / clip(volatility, floor, ceiling) * conviction * budget        at most `weight_max`, below `weight_min` nothing

Source: SYSTEMS.md section 5 "Sizing"; seeds/004 section 6.2, VolatilityTargetedSizer.
"""

from __future__ import annotations


def target_weight(
    volatility: float, conviction: float, budget: float, target: float, floor: float, ceiling: float, weight_max: float, weight_min: float
) -> float:
    """A multiple of equity >= 0; volatilities are annual. 0 where volatility or conviction is not a number above 0."""
    if not (volatility > 0.0 and conviction > 0.0 and budget > 0.0):
        return 0.0
    weight = min(target / min(max(volatility, floor), ceiling) * min(conviction, 1.0) * budget, weight_max)
    return 0.0 if weight < weight_min else weight
