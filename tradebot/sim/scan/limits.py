"""The limits of core/risk/limits, compiled: the same sources in the same order. tests/unit/sim/test_scan_limits.py holds both together."""

from __future__ import annotations

from tradebot.core.kernels.kernel import kernel
from tradebot.core.risk import exposure
from tradebot.core.risk.limits import concentration, headroom, losses, market, numbers, order, portfolio, rates, working
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen

worst_units = kernel(numbers.worst_units)
lent_units = kernel(exposure.lent_units)
least_headroom = kernel(headroom.least_headroom)
size_scale = kernel(headroom.size_scale)

_no_shares = kernel(order.no_shares)
_impossible_numbers = kernel(order.impossible_numbers)
_too_many_positions = kernel(portfolio.too_many_positions)
_order_too_large = kernel(order.order_too_large)
_too_many_shares = kernel(order.too_many_shares)
_not_enough_cash = kernel(portfolio.not_enough_cash)
_not_enough_buying_power = kernel(portfolio.not_enough_buying_power)
_day_lost_too_much = kernel(losses.day_lost_too_much)
_drawdown_too_deep = kernel(losses.drawdown_too_deep)
_position_too_large = kernel(portfolio.position_too_large)
_sector_too_large = kernel(concentration.sector_too_large)
_group_too_large = kernel(concentration.group_too_large)
_gross_too_large = kernel(portfolio.gross_too_large)
_net_too_large = kernel(portfolio.net_too_large)
_leverage_too_high = kernel(portfolio.leverage_too_high)
_var_too_high = kernel(concentration.var_too_high)
_historical_var_too_high = kernel(concentration.historical_var_too_high)
_too_many_orders = kernel(rates.too_many_orders)
_too_much_in_minute = kernel(rates.too_much_in_minute)
_symbol_too_soon = kernel(rates.symbol_too_soon)
_price_too_low = kernel(order.price_too_low)
_price_too_high = kernel(order.price_too_high)
_outside_collar = kernel(order.outside_collar)
_data_too_old = kernel(market.data_too_old)
_outside_session = kernel(market.outside_session)
_not_tradable = kernel(market.not_tradable)
_done_already = kernel(working.done_already)
_washes = kernel(working.washes)
_not_enough_shares = kernel(working.not_enough_shares)


@kernel
def broken_limit(asked: Asked, seen: Seen, rules: Rules) -> int:
    """The first limit that an order would break, by its place in LIMITS from 1 on; 0 when all agree."""
    if _no_shares(asked, seen, rules):
        return 1
    if _impossible_numbers(asked, seen, rules):
        return 2
    if _too_many_positions(asked, seen, rules):
        return 3
    if _order_too_large(asked, seen, rules):
        return 4
    if _too_many_shares(asked, seen, rules):
        return 5
    if _not_enough_cash(asked, seen, rules):
        return 6
    if _not_enough_buying_power(asked, seen, rules):
        return 7
    if _day_lost_too_much(asked, seen, rules):
        return 8
    if _drawdown_too_deep(asked, seen, rules):
        return 9
    if _position_too_large(asked, seen, rules):
        return 10
    if _sector_too_large(asked, seen, rules):
        return 11
    if _group_too_large(asked, seen, rules):
        return 12
    if _gross_too_large(asked, seen, rules):
        return 13
    if _net_too_large(asked, seen, rules):
        return 14
    if _leverage_too_high(asked, seen, rules):
        return 15
    if _var_too_high(asked, seen, rules):
        return 16
    if _historical_var_too_high(asked, seen, rules):
        return 17
    if _too_many_orders(asked, seen, rules):
        return 18
    if _too_much_in_minute(asked, seen, rules):
        return 19
    if _symbol_too_soon(asked, seen, rules):
        return 20
    if _price_too_low(asked, seen, rules):
        return 21
    if _price_too_high(asked, seen, rules):
        return 22
    if _outside_collar(asked, seen, rules):
        return 23
    if _data_too_old(asked, seen, rules):
        return 24
    if _outside_session(asked, seen, rules):
        return 25
    if _not_tradable(asked, seen, rules):
        return 26
    if _done_already(asked, seen, rules):
        return 27
    if _washes(asked, seen, rules):
        return 28
    if _not_enough_shares(asked, seen, rules):
        return 29
    return 0
