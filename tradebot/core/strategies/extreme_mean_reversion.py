"""6 Extreme Mean Reversion: against a close that is far from its 8-bar mean.

    direction   -sign(mean_deviation_8)
    conviction  beyond(mean_deviation_8, deviation_threshold)

`mean_period` 8 of the seed is the choice of the column. Source: 000 (MetaTrading), strategy 6.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, beyond
from tradebot.core.strategies.strategy import Strategy


def signal(mean_deviation_8: Float, *, deviation_threshold: float = 0.0015) -> Float:
    return -np.sign(mean_deviation_8) * beyond(mean_deviation_8, deviation_threshold)


STRATEGY = Strategy(
    name="extreme_mean_reversion",
    title="Extreme Mean Reversion",
    alpha="mean_reversion",
    signal=signal,
    pools=("ranging",),
    framed=True,
    source="000 strategy 6",
)
