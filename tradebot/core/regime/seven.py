"""The seven-regime detector of 004 (Living Lab) 6.5; the first that holds, in this order.

    crisis           volatility_percentile > 95 and trend_direction_50 < -0.5
    trending_up      adx_14 > 25 and hurst_64 > 0.5 and trend_direction_50 > 0
    trending_down    adx_14 > 25 and hurst_64 > 0.5
    mean_reverting   hurst_64 < 0.5
    high_volatility  volatility_percentile > 75
    low_volatility   volatility_percentile < 25
    normal           else

A crisis takes effect on the bar on which it is seen.
"""

from __future__ import annotations

from enum import IntEnum

from tradebot.core.regime.detector import Detector, Float, Labels, pick


class SevenRegime(IntEnum):
    CRISIS = 0
    TRENDING_UP = 1
    TRENDING_DOWN = 2
    MEAN_REVERTING = 3
    HIGH_VOLATILITY = 4
    LOW_VOLATILITY = 5
    NORMAL = 6


def rule(
    volatility_percentile: Float, trend_direction_50: Float, adx_14: Float, hurst_64: Float,
    *, crisis_percentile: float = 95.0, crisis_trend: float = -0.5, adx_threshold: float = 25.0, hurst_threshold: float = 0.5,
    percentile_low: float = 25.0, percentile_high: float = 75.0,
) -> Labels:  # fmt: skip
    trending = (adx_14 > adx_threshold) & (hurst_64 > hurst_threshold)
    return pick(
        (
            ((volatility_percentile > crisis_percentile) & (trend_direction_50 < crisis_trend), SevenRegime.CRISIS),
            (trending & (trend_direction_50 > 0.0), SevenRegime.TRENDING_UP),
            (trending, SevenRegime.TRENDING_DOWN),
            (hurst_64 < hurst_threshold, SevenRegime.MEAN_REVERTING),
            (volatility_percentile > percentile_high, SevenRegime.HIGH_VOLATILITY),
            (volatility_percentile < percentile_low, SevenRegime.LOW_VOLATILITY),
        ),
        SevenRegime.NORMAL,
    )


DETECTOR = Detector(
    name="seven",
    title="Seven regimes",
    labels=tuple(r.name.lower() for r in SevenRegime),
    rule=rule,
    source="004 section 6.5",
    at_once=SevenRegime.CRISIS,
)
