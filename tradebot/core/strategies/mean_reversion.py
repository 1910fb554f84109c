"""Mean reversion alpha: against a stretched z-score, while the Hurst exponent says that returns reverse.

    value       -clip(zscore_20, -z_max, z_max) / z_max, 0 unless |zscore_20| >= z_entry
    confidence  clip((hurst_max - hurst_64) / hurst_max, 0, 1), so 0 unless hurst_64 < hurst_max
    signal      value * confidence

Source: 004 (Living Lab) 4.2 and 6.3; Hurst is taken on log returns with the Anis-Lloyd correction (ruling).
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float
from tradebot.core.strategies.strategy import Strategy


def signal(zscore_20: Float, hurst_64: Float, *, z_entry: float = 2.0, z_max: float = 2.5, hurst_max: float = 0.5) -> Float:
    value = -np.minimum(np.maximum(zscore_20, -z_max), z_max) / z_max
    confidence = np.minimum(np.maximum((hurst_max - hurst_64) / hurst_max, 0.0), 1.0)
    return np.where(np.abs(zscore_20) >= z_entry, value * confidence, 0.0)


STRATEGY = Strategy(
    name="mean_reversion", title="Mean Reversion (z-score)", alpha="mean_reversion", signal=signal, source="004 section 4.2"
)
