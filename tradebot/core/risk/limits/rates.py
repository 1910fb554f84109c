"""Limits on how fast orders may follow each other: the fuse against a decision that repeats itself.

The fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

from tradebot.core.domain.units import NS_PER_S, usd_text
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen


def too_many_orders(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Orders within a minute."""
    return not seen.orders_in_minute + 1 <= rules.orders_per_minute_max


def too_many_orders_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"orders in a minute {seen.orders_in_minute + 1} > {rules.orders_per_minute_max:g}"


def too_much_in_minute(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Dollars asked for within a minute, at worst prices."""
    return not seen.notional_in_minute_units + asked.qty * asked.worst_units <= rules.notional_units_per_minute_max


def too_much_in_minute_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    after = seen.notional_in_minute_units + asked.qty * asked.worst_units
    return f"notional_usd in a minute {usd_text(after)} > {rules.notional_units_per_minute_max / 10_000:g}"


def symbol_too_soon(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The symbol's last order was a moment ago (000: 120 s). "off" asks for 0 s, so a time below zero is refused in any profile."""
    return not seen.symbol_idle_ns >= rules.symbol_interval_ns_min


def symbol_too_soon_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"the symbol's last order was {seen.symbol_idle_ns / NS_PER_S:g} s ago < {rules.symbol_interval_ns_min / NS_PER_S:g} s"
