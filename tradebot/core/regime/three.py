"""The three-regime rule of 000 (MetaTrading), on one-minute bars.

    high_volatility   volatility_20 > 1.8 volatility_50_mean and volume_ratio_10_50 > 1.3
    trending          else trend_strength_20 > 0.6 and |momentum_15m| > 0.002
    ranging           else

volatility_50_mean looks at the past only (ruling). Each regime opens a pool of strategies (`Strategy.pools`).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from tradebot.core.regime.detector import Detector, Float, Labels, pick


class ThreeRegime(IntEnum):
    RANGING = 0
    TRENDING = 1
    HIGH_VOLATILITY = 2


def rule(
    volatility_20: Float, volatility_50_mean: Float, trend_strength_20: Float, volume_ratio_10_50: Float, momentum_15m: Float,
    *, volatility_multiple: float = 1.8, volume_multiple: float = 1.3, trend_strength_min: float = 0.6, momentum_min: float = 0.002,
) -> Labels:  # fmt: skip
    wild = (volatility_20 > volatility_multiple * volatility_50_mean) & (volume_ratio_10_50 > volume_multiple)
    trending = (trend_strength_20 > trend_strength_min) & (np.abs(momentum_15m) > momentum_min)
    return pick(((wild, ThreeRegime.HIGH_VOLATILITY), (trending, ThreeRegime.TRENDING)), ThreeRegime.RANGING)


DETECTOR = Detector(
    name="three",
    title="Three regimes",
    labels=tuple(r.name.lower() for r in ThreeRegime),
    rule=rule,
    source="000 detect_market_regime",
)
