"""The volatility regime of 004 (Living Lab) 4.3.

low      volatility_20 < mean - 0.5 std        mean and std of volatility_20 over the trailing 240 bars
high     volatility_20 > mean + 0.5 std
normal   else
"""

from __future__ import annotations

from enum import IntEnum

from tradebot.core.regime.detector import Detector, Float, Labels, pick


class VolatilityState(IntEnum):
    LOW = 0
    NORMAL = 1
    HIGH = 2


def rule(volatility_20: Float, volatility_mean_240: Float, volatility_std_240: Float, *, band_std: float = 0.5) -> Labels:
    band = band_std * volatility_std_240
    low = volatility_20 < volatility_mean_240 - band
    high = volatility_20 > volatility_mean_240 + band
    return pick(((low, VolatilityState.LOW), (high, VolatilityState.HIGH)), VolatilityState.NORMAL)


DETECTOR = Detector(
    name="volatility_state",
    title="Volatility regime",
    labels=tuple(r.name.lower() for r in VolatilityState),
    rule=rule,
    source="004 section 4.3",
)
