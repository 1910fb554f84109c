"""All limits in one order (DESIGN law 8). Models can't change them; orders that only reduce risk are held against REDUCING alone (I11).

A limit's `breaks` is a plain function of numbers. The fast backtest compiles (njit) the same sources: sim/scan/limits.py writes out the
same chain, and a test holds both together. `broken_limit` answers with the limit's place in LIMITS, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tradebot.core.risk.limits import concentration, losses, market, order, portfolio, rates, working
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen


class Limit(NamedTuple):
    """Whether an order breaks it, and what it says then, with the numbers."""

    breaks: Callable[[Asked, Seen, Rules], bool]
    says: Callable[[Asked, Seen, Rules], str]

    @property
    def name(self) -> str:
        return self.breaks.__name__

    def __call__(self, asked: Asked, seen: Seen, rules: Rules) -> str:
        """The reason to refuse, "" where there is none."""
        return self.says(asked, seen, rules) if self.breaks(asked, seen, rules) else ""


LIMITS: Final[tuple[Limit, ...]] = (
    Limit(order.no_shares, order.no_shares_text),
    Limit(order.impossible_numbers, order.impossible_numbers_text),
    Limit(portfolio.too_many_positions, portfolio.too_many_positions_text),
    Limit(order.order_too_large, order.order_too_large_text),
    Limit(order.too_many_shares, order.too_many_shares_text),
    Limit(portfolio.not_enough_cash, portfolio.not_enough_cash_text),
    Limit(portfolio.not_enough_buying_power, portfolio.not_enough_buying_power_text),
    Limit(losses.day_lost_too_much, losses.day_lost_too_much_text),
    Limit(losses.drawdown_too_deep, losses.drawdown_too_deep_text),
    Limit(portfolio.position_too_large, portfolio.position_too_large_text),
    Limit(concentration.sector_too_large, concentration.sector_too_large_text),
    Limit(concentration.group_too_large, concentration.group_too_large_text),
    Limit(portfolio.gross_too_large, portfolio.gross_too_large_text),
    Limit(portfolio.net_too_large, portfolio.net_too_large_text),
    Limit(portfolio.leverage_too_high, portfolio.leverage_too_high_text),
    Limit(concentration.var_too_high, concentration.var_too_high_text),
    Limit(concentration.historical_var_too_high, concentration.historical_var_too_high_text),
    Limit(rates.too_many_orders, rates.too_many_orders_text),
    Limit(rates.too_much_in_minute, rates.too_much_in_minute_text),
    Limit(rates.symbol_too_soon, rates.symbol_too_soon_text),
    Limit(order.price_too_low, order.price_too_low_text),
    Limit(order.price_too_high, order.price_too_high_text),
    Limit(order.outside_collar, order.outside_collar_text),
    Limit(market.data_too_old, market.data_too_old_text),
    Limit(market.outside_session, market.outside_session_text),
    Limit(market.not_tradable, market.not_tradable_text),
    Limit(working.done_already, working.done_already_text),
    Limit(working.washes, working.washes_text),
    Limit(working.not_enough_shares, working.not_enough_shares_text),
)

REDUCING: Final[tuple[Limit, ...]] = (
    Limit(order.no_shares, order.no_shares_text),
    Limit(working.done_already, working.done_already_text),
    Limit(working.washes, working.washes_text),
    Limit(working.not_enough_shares, working.not_enough_shares_text),
)
"""What an order that only reduces risk is held against. Not the session: an exit at 04:00 waits for the open at the broker."""


def broken_limit(asked: Asked, seen: Seen, rules: Rules) -> int:
    """The first limit that an order would break, by its place in LIMITS from 1 on; 0 when all agree."""
    for place, limit in enumerate(LIMITS, 1):
        if limit.breaks(asked, seen, rules):
            return place
    return 0


def first_refusal(asked: Asked, seen: Seen, rules: Rules, limits: tuple[Limit, ...] = LIMITS) -> str | None:
    """The first limit's reason, or None when all agree."""
    for limit in limits:
        if limit.breaks(asked, seen, rules):
            return limit.says(asked, seen, rules)
    return None
