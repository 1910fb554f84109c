"""Momentum alpha: volatility-adjusted momentum over four horizons, while ADX says that there is a trend.

    value       clip(mean(vam_5, vam_10, vam_20, vam_60), -vam_max, vam_max) / vam_max
    confidence  min((adx_14 - adx_threshold) / adx_span, 1), 0 unless adx_14 > adx_threshold
    signal      value * confidence

Source: 004 (Living Lab) 4.1 and 6.3; ADX is Wilder's (ruling).
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float
from tradebot.core.strategies.strategy import Strategy


def signal(
    vam_5: Float, vam_10: Float, vam_20: Float, vam_60: Float, adx_14: Float,
    *, adx_threshold: float = 25.0, adx_span: float = 25.0, vam_max: float = 3.0,
) -> Float:  # fmt: skip
    mean = (vam_5 + vam_10 + vam_20 + vam_60) / 4.0
    value = np.minimum(np.maximum(mean, -vam_max), vam_max) / vam_max
    confidence = np.minimum(np.maximum((adx_14 - adx_threshold) / adx_span, 0.0), 1.0)
    return value * confidence


STRATEGY = Strategy(name="momentum", title="Momentum (VAM)", alpha="momentum", signal=signal, source="004 section 4.1")
