"""Exits that follow the market (SYSTEMS.md section 4): stops and targets by the range of a minute, a stop that only rises, a peak detector.

    distance = clamp(stop_atrs * atr, NEAREST * stop_fraction * price, stop_fraction * price), a target's likewise by its own numbers
    stop     = high since the entry - distance, never lower than before; moved when it rises by RATCHET * distance or more
    trail    : the close is at or below where the stop would stand now
    peak     : gain = high - entry >= peak_gain_atrs * atr, and high - close >= peak_giveback * gain, and drift < 0

Until the session has had `atr_minutes` bars the fixed fractions hold. Long positions; a short one keeps what its entry gave it. Pure
functions of numbers, in units. The trailing stop is LeBeau's chandelier exit with a bound on both sides.
"""

from __future__ import annotations

from typing import Final

from tradebot.core.domain.orders import Bracket
from tradebot.core.domain.units import tick_units, usd_text
from tradebot.core.execution.exits import ExitsConfig, stop_units_of, target_units_of

NEAREST: Final = 0.25  # of the fixed distance: a stop inside the noise of one bar only costs
RATCHET: Final = 0.1  # of the distance: each move is an order, and the broker counts them


def distance_fraction(atrs: float, atr_units: float, price_units: int, farthest: float) -> float:
    """How far a stop or target stands from a price, as a fraction of it; `farthest` where no range is known."""
    if atr_units <= 0.0 or price_units <= 0:
        return farthest
    return min(max(atrs * atr_units / price_units, NEAREST * farthest), farthest)


def entry_bracket(price_units: int, atr_units: float, config: ExitsConfig) -> Bracket:
    """Stop and target of a long entry at this price."""
    return Bracket(
        stop_units_of(price_units, distance_fraction(config.stop_atrs, atr_units, price_units, config.stop_fraction)),
        target_units_of(price_units, distance_fraction(config.target_atrs, atr_units, price_units, config.target_fraction)),
    )


def trailed_stop(stop_units: int, high_units: int, atr_units: float, config: ExitsConfig) -> int:
    """Where the stop of a long position belongs now; the same where it would rise too little to be worth an order."""
    fraction = distance_fraction(config.stop_atrs, atr_units, high_units, config.stop_fraction)
    wanted = stop_units_of(high_units, fraction)
    least = max(RATCHET * fraction * high_units, tick_units(high_units))
    return wanted if atr_units > 0.0 and wanted - stop_units >= least else stop_units


def peak_reason(entry_units: int, high_units: int, close_units: int, atr_units: float, drift_units: float, config: ExitsConfig) -> str:
    """Why the peak seems to be over, "" where it does not."""
    gain, given_back = high_units - entry_units, high_units - close_units
    if not config.peak_gain_atrs or atr_units <= 0.0 or gain < config.peak_gain_atrs * atr_units or gain <= 0:
        return ""
    if given_back < config.peak_giveback * gain or drift_units >= 0.0:
        return ""
    return f"peak: {usd_text(given_back)} of {usd_text(gain)} given back, drift {drift_units / 10_000:+.4f} a minute"
