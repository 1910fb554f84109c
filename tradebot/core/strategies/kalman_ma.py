"""8 Kalman Adaptive MA: the close surprises the local-level filter in the direction in which its level already moves.

    direction   sign(kalman_innovation), only where kalman_slope has the same sign
    conviction  saturate(kalman_innovation, 1): the innovation is in standard deviations, 1/2 at one of them

`observation_covariance` 0.01 of the seed belongs to the filter, that is to the columns. Source: 000 (MetaTrading), strategy 8.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy


def signal(kalman_innovation: Float, kalman_slope: Float) -> Float:
    agree = np.sign(kalman_innovation) == np.sign(kalman_slope)
    return np.where(agree, saturate(kalman_innovation, 1.0), 0.0)


STRATEGY = Strategy(
    name="kalman_ma",
    title="Kalman Adaptive MA",
    alpha="momentum",
    signal=signal,
    framed=True,
    source="000 strategy 8",
)
