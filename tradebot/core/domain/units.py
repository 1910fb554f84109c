"""Exact money and time: `int64` in units of 1e-4 dollars, `int` nanoseconds UTC, and named roundings.

Nothing here ever holds cash in a float. Floats enter as wire numbers (`units_nearest`) and leave as features
(`usd_float`); the only other float -> int door is `core.portfolio.sizing`.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final

UNITS_PER_USD: Final = 10_000
NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_S

_EXACT = Decimal(UNITS_PER_USD)


def units_from_text(text: str | int | Decimal) -> int:
    """Units of 1e-4 dollars from a decimal string as brokers write it, nearest with ties to even.

    Raises ValueError when the text is no finite number.
    """
    try:
        value = Decimal(text) * _EXACT
        return int(value.to_integral_value(ROUND_HALF_EVEN))
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise ValueError(f"not an amount of money: {text!r}") from error


def notional_from_text(price: str | Decimal, qty: int) -> int:
    """Units of `price * qty`, the product rounded once (nearest, ties to even): an average price may be periodic."""
    value = Decimal(price) * qty * _EXACT
    return int(value.to_integral_value(ROUND_HALF_EVEN))


def units_nearest(usd: float) -> int:
    """Units from a wire number in dollars, nearest. Raises ValueError when it is not finite."""
    if not math.isfinite(usd):
        raise ValueError(f"not a finite price: {usd}")
    return round(usd * UNITS_PER_USD)


def usd_text(units: int) -> str:
    """Dollars as a plain decimal string with two to four places: 1500000 -> "150.00"."""
    sign, magnitude = ("-" if units < 0 else ""), abs(units)
    whole, rest = divmod(magnitude, UNITS_PER_USD)
    places = f"{rest:04d}"
    return f"{sign}{whole}.{places[:2]}{places[2:].rstrip('0')}"


def usd_float(units: int) -> float:
    """Dollars as a float, for features and displays only."""
    return units / UNITS_PER_USD


def tick_units(price_units: int) -> int:
    """The smallest price step at a price: one cent from $1 up, 1e-4 dollars below (Reg NMS rule 612; WIRE.md 2.2)."""
    return 100 if price_units >= UNITS_PER_USD else 1


def price_floor_to_tick(price_units: int) -> int:
    """The nearest valid price at or below."""
    return price_units - price_units % tick_units(price_units)


def price_ceil_to_tick(price_units: int) -> int:
    """The nearest valid price at or above."""
    tick = tick_units(price_units)
    return -(-price_units // tick) * tick
