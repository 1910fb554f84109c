"""4 Accelerated MA Cross: the 2-bar mean crosses the 8-bar mean on this bar.

    direction   sign(ma_spread_2_8), only on the bar on which it differs from the sign of the bar before
    conviction  saturate(ma_spread_2_8 - ma_spread_2_8_prev, volatility_5m): a steep cross counts more, 1/2 at one standard deviation

`fast_period` 2 and `slow_period` 8 of the seed are the choice of the columns. Source: 000 (MetaTrading), strategy 4.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy


def signal(ma_spread_2_8: Float, ma_spread_2_8_prev: Float, volatility_5m: Float) -> Float:
    crossed = ((ma_spread_2_8 > 0.0) & (ma_spread_2_8_prev <= 0.0)) | ((ma_spread_2_8 < 0.0) & (ma_spread_2_8_prev >= 0.0))
    return np.where(crossed, saturate(ma_spread_2_8 - ma_spread_2_8_prev, volatility_5m), 0.0)


STRATEGY = Strategy(
    name="ma_cross",
    title="Accelerated MA Cross",
    alpha="momentum",
    signal=signal,
    pools=("trending",),
    framed=True,
    source="000 strategy 4",
)
