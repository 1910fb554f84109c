"""1 Ultra Volatility Exploitation: go with the last bar's momentum while volatility is above a threshold.

    direction   sign(momentum_1m)
    conviction  beyond(volatility_5m, volatility_threshold): 0 at the threshold, 1/2 at twice, towards 1

`momentum_period` 1 of the seed is the choice of the column momentum_1m. Source: 000 (MetaTrading), strategy 1.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, beyond
from tradebot.core.strategies.strategy import Strategy


def signal(volatility_5m: Float, momentum_1m: Float, *, volatility_threshold: float = 0.001) -> Float:
    return np.sign(momentum_1m) * beyond(volatility_5m, volatility_threshold)


STRATEGY = Strategy(
    name="ultra_volatility",
    title="Ultra Volatility Exploitation",
    alpha="volatility_breakout",
    signal=signal,
    pools=("high_volatility",),
    framed=True,
    source="000 strategy 1",
)
