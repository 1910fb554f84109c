"""5 Ultra High-Frequency Scalping: fade a small move of the last bar (or follow it), hold at most 5 bars.

    direction   direction * sign(price_change_1m): -1 fades (the default, its pool is the ranging market), +1 follows
    only if     scalp_threshold < |price_change_1m| <= move_max: a bigger move is news, and no scalp
    conviction  beyond(price_change_1m, scalp_threshold)

Source: 000 (MetaTrading), strategy 5; the upper end of "small" is ours (the seed is silent), five thresholds wide.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, beyond
from tradebot.core.strategies.strategy import Strategy


def signal(price_change_1m: Float, *, scalp_threshold: float = 0.0006, move_max: float = 0.003, direction: float = -1.0) -> Float:
    small = np.abs(price_change_1m) <= move_max
    return np.where(small, direction * np.sign(price_change_1m) * beyond(price_change_1m, scalp_threshold), 0.0)


STRATEGY = Strategy(
    name="hf_scalping",
    title="Ultra High-Frequency Scalping",
    alpha="mean_reversion",
    signal=signal,
    pools=("ranging",),
    max_hold_bars=5,
    framed=True,
    source="000 strategy 5",
)
