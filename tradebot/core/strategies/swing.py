"""Swing alpha (days to weeks): the trend of completed days, entered on a pullback, tilted to the stronger symbols.

    trend       saturate(day_return_20, s * sqrt(20)) where day_ma_ratio_5_20 has its sign and the close is not already stretched its way
                (day_zscore_20 at most z_max in the direction of the trend), else 0; s = day_volatility_20, a day's standard deviation
    pullback    -saturate(day_return_5, s * sqrt(5)): last week's excess, expected to come back
    rank        2 * rank_momentum_15m - 1: place among the symbols now, 0 where there is nobody to compare with
    signal      (trend_weight * trend + pullback_weight * pullback + rank_weight * rank) / (sum of the weights)

Source: our design for 004 (Living Lab, "swing: trend/mean reversion, cross-sectional ranks"). Trend over weeks, reversal over days:
Jegadeesh and Titman (1993), Jegadeesh (1990).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy

_ROOT_5: Final = float(np.sqrt(5.0))
_ROOT_20: Final = float(np.sqrt(20.0))


def signal(
    day_return_5: Float, day_return_20: Float, day_volatility_20: Float, day_zscore_20: Float, day_ma_ratio_5_20: Float,
    rank_momentum_15m: Float | float = 0.5,
    *, z_max: float = 2.0, trend_weight: float = 0.6, pullback_weight: float = 0.2, rank_weight: float = 0.2,
) -> Float:  # fmt: skip
    way = np.sign(day_return_20)
    fresh = (np.sign(day_ma_ratio_5_20) == way) & (way * day_zscore_20 <= z_max)
    trend = np.where(fresh, saturate(day_return_20, day_volatility_20 * _ROOT_20), 0.0)
    pullback = -saturate(day_return_5, day_volatility_20 * _ROOT_5)
    rank = 2.0 * rank_momentum_15m - 1.0
    total = trend_weight + pullback_weight + rank_weight
    return (trend_weight * trend + pullback_weight * pullback + rank_weight * rank) / total


STRATEGY = Strategy(name="swing", title="Swing", alpha="swing", signal=signal, source="004 section 4; Jegadeesh and Titman (1993)")
