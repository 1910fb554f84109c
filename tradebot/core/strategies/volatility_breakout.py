"""Volatility breakout alpha: a close beyond the 20-bar channel on a bar whose range has expanded.

    direction   +1 where channel_high_20 > 0, -1 where channel_low_20 < 0
    only if     range_expansion_14 >= expansion_min (true range in units of its own 14-bar average)
    conviction  saturate(distance beyond the channel, atr_rel_14): 1/2 where the close is one ATR beyond it

Source: our design for 004 (Living Lab); the channel is Donchian's, the distance in ATRs Keltner's.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy


def signal(
    channel_high_20: Float, channel_low_20: Float, range_expansion_14: Float, atr_rel_14: Float, *, expansion_min: float = 1.25
) -> Float:
    distance = np.maximum(channel_high_20, 0.0) + np.minimum(channel_low_20, 0.0)
    return np.where(range_expansion_14 >= expansion_min, saturate(distance, atr_rel_14), 0.0)


STRATEGY = Strategy(
    name="volatility_breakout",
    title="Volatility Breakout",
    alpha="volatility_breakout",
    signal=signal,
    source="004 section 4; Donchian channel, ATR scale",
)
