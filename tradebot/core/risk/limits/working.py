"""Limits on what this order does to our own orders that are open already. These hold for orders that reduce risk, too.

The fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

from tradebot.core.risk.limits.numbers import Asked, Rules, Seen


def done_already(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """An open order of ours does the same already."""
    return not seen.same_open <= 0


def done_already_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"duplicate: {seen.same_open} open orders of the same symbol and side"


def washes(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """It could trade with an open order of our own on the other side."""
    return not seen.crossing <= 0


def washes_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"wash trade: {seen.crossing} open orders of ours on the other side"


def not_enough_shares(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """A sale that reduces takes no more shares than are held and free. (`available_qty` is huge for what opens risk.)"""
    return not asked.qty <= seen.available_qty


def not_enough_shares_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"shares {asked.qty} > {seen.available_qty} available"
