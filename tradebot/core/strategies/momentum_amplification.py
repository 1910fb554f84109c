"""3 Ultra Momentum Amplification: the momenta over 1, 3 and 5 bars all point the same way.

    direction   their common sign
    conviction  saturate(weakest, volatility_5m), weakest = min(|momentum_1m|, |momentum_3m| / sqrt(3), |momentum_5m| / sqrt(5)):
                1/2 where the weakest of the three is one standard deviation of its own horizon

Source: 000 (MetaTrading), strategy 3 (periods 1/3/5 are the choice of the columns).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy

_ROOT_3: Final = float(np.sqrt(3.0))
_ROOT_5: Final = float(np.sqrt(5.0))


def signal(momentum_1m: Float, momentum_3m: Float, momentum_5m: Float, volatility_5m: Float) -> Float:
    short, medium, long = momentum_1m, momentum_3m / _ROOT_3, momentum_5m / _ROOT_5
    low = np.minimum(np.minimum(short, medium), long)
    high = np.maximum(np.maximum(short, medium), long)
    weakest = np.maximum(low, 0.0) + np.minimum(high, 0.0)  # 0 where the signs differ
    return saturate(weakest, volatility_5m)


STRATEGY = Strategy(
    name="momentum_amplification",
    title="Ultra Momentum Amplification",
    alpha="momentum",
    signal=signal,
    pools=("trending",),
    framed=True,
    source="000 strategy 3",
)
