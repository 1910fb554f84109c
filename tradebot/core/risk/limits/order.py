"""Limits on the order by itself. Each is a plain function of numbers that says True where the order breaks it.

The fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

from tradebot.core.domain.units import usd_text
from tradebot.core.risk.limits.numbers import PRICE_UNITS_MAX, SHARES_MAX, Asked, Rules, Seen


def no_shares(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The size rounds to nothing."""
    return asked.qty <= 0


def no_shares_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"size rounds to {asked.qty} shares"


def impossible_numbers(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Numbers that no order has: a price that is not positive or beyond all prices, a quantity beyond all quantities, no equity."""
    prices = 0 < asked.price_units <= PRICE_UNITS_MAX and 0 < asked.worst_units <= PRICE_UNITS_MAX
    return not (prices and asked.qty <= SHARES_MAX and seen.equity_units > 0 and abs(asked.sign) == 1)


def impossible_numbers_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return (
        f"impossible numbers: {asked.qty} shares at {usd_text(asked.price_units)}, at worst {usd_text(asked.worst_units)}, "
        f"with equity {usd_text(seen.equity_units)}"
    )


def order_too_large(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Dollars in one order, at its worst price."""
    return not asked.qty * asked.worst_units <= rules.order_units_max


def order_too_large_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"order_usd {usd_text(asked.qty * asked.worst_units)} > {rules.order_units_max / 10_000:g}"


def too_many_shares(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Shares in one order."""
    return not asked.qty <= rules.order_shares_max


def too_many_shares_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"order shares {asked.qty} > {rules.order_shares_max:g}"


def price_too_low(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """A price below the profile's band."""
    return not asked.price_units >= rules.price_units_min


def price_too_low_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"price {usd_text(asked.price_units)} < {rules.price_units_min / 10_000:g}"


def price_too_high(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """A price above the profile's band."""
    return not asked.price_units <= rules.price_units_max


def price_too_high_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"price {usd_text(asked.price_units)} > {rules.price_units_max / 10_000:g}"


def outside_collar(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The price that the decision saw, or the limit that it asks for, is too far from the last quote (or the last close)."""
    anchor, reach = seen.anchor_units, rules.price_collar_fraction * seen.anchor_units
    limit = asked.limit_units if asked.limit_units != 0 else anchor
    return not (anchor > 0 and abs(asked.price_units - anchor) <= reach and abs(limit - anchor) <= reach)


def outside_collar_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    limit = f", limit {usd_text(asked.limit_units)}," if asked.limit_units else ""
    return f"price {usd_text(asked.price_units)}{limit} is more than {rules.price_collar_fraction:.1%} from {usd_text(seen.anchor_units)}"
