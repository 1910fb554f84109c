"""7 GARCH Volatility Forecasting: go with the 5-bar momentum while the volatility forecast lies in the useful band.

    direction   sign(momentum_5m)
    only if     optimal_vol_min <= garch_volatility_5 <= optimal_vol_max: below, a move doesn't pay its cost; above, it is noise
    conviction  saturate(momentum_5m, garch_volatility_5 * sqrt(5)): 1/2 where the move is one forecast standard deviation of 5 bars

`forecast_horizon` 5 of the seed is the choice of the column. Source: 000 (MetaTrading), strategy 7; the upper end of the band is ours (the
seed names the lower one only).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy

_ROOT_5: Final = float(np.sqrt(5.0))


def signal(garch_volatility_5: Float, momentum_5m: Float, *, optimal_vol_min: float = 0.0001, optimal_vol_max: float = 0.005) -> Float:
    useful = (garch_volatility_5 >= optimal_vol_min) & (garch_volatility_5 <= optimal_vol_max)
    return np.where(useful, saturate(momentum_5m, garch_volatility_5 * _ROOT_5), 0.0)


STRATEGY = Strategy(
    name="garch_volatility",
    title="GARCH Volatility Forecasting",
    alpha="momentum",
    signal=signal,
    framed=True,
    source="000 strategy 7",
)
