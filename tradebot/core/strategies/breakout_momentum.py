"""2 Breakout Momentum: a close beyond the extremes of the 5 bars before, confirmed by volume.

    direction   +1 where breakout_high_5 > 0, -1 where breakout_low_5 < 0 (never both: the high is not below the low)
    only if     volume_ratio >= volume_multiplier
    conviction  saturate(distance beyond the extreme, volatility_5m): 1/2 at one standard deviation of a bar beyond it

`breakout_period` 5 of the seed is the choice of the columns. Source: 000 (MetaTrading), strategy 2.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy


def signal(
    breakout_high_5: Float, breakout_low_5: Float, volume_ratio: Float, volatility_5m: Float, *, volume_multiplier: float = 2.0
) -> Float:
    distance = np.maximum(breakout_high_5, 0.0) + np.minimum(breakout_low_5, 0.0)
    return np.where(volume_ratio >= volume_multiplier, saturate(distance, volatility_5m), 0.0)


STRATEGY = Strategy(
    name="breakout_momentum",
    title="Breakout Momentum",
    alpha="volatility_breakout",
    signal=signal,
    pools=("high_volatility",),
    framed=True,
    source="000 strategy 2",
)
