"""The 1% and 2% rules: a fraction of equity is what is lost at the stop.

    size = fraction * conviction * (1 - risk score) / stop distance

`stop_distance` is a fraction of the price, so a tighter stop buys more shares. A plain function of numbers: numba compiles it unchanged.
Source: SYSTEMS.md sections 3 and 4; seeds/002 "Position Sizing Model" (base_size = account * 0.02), divided by the stop's distance in
place of its volatility, so that the 2% is what is lost there.
"""

from __future__ import annotations

import math


def risk_size(fraction: float, conviction: float, risk_score: float, stop_distance: float) -> float:
    """A multiple of equity; 0 without a stop, a conviction above 0 or any risk left. `conviction` 1 where it doesn't matter."""
    if not (stop_distance > 0.0 and conviction > 0.0 and risk_score < 1.0):
        return 0.0
    size = fraction * min(conviction, 1.0) * (1.0 - max(risk_score, 0.0)) / stop_distance
    return size if math.isfinite(size) else 0.0
