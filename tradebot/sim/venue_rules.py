"""Why the venue refuses a new order: one function a rule, in the order in which they are asked (WIRE.md section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

from tradebot.core.domain.orders import OrderStatus, Side
from tradebot.core.domain.units import tick_units, usd_text
from tradebot.sim import venue_limits as limits
from tradebot.sim.venue_exchange import Exchange
from tradebot.sim.venue_orders import (
    BRACKET,
    KINDS,
    LIMIT,
    MARKET,
    OCO,
    ORDER_CLASSES,
    OTO,
    SIMPLE,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    NewOrder,
    Refusal,
)

MALFORMED = 40010001
FORBIDDEN = 40310000
NOT_FOUND = 40410000
INVALID = 42210000

CLIENT_ID_LENGTH_MAX = 128
CENT_UNITS = 100


@dataclass(slots=True)
class AccountRules:
    """The account's own settings (`/v2/account/configurations`) as far as they refuse orders."""

    suspend_trade: bool = False
    no_shorting: bool = False
    multiplier_max: int = 4


def invalid(message: str, **extras: object) -> Refusal:
    return Refusal(422, INVALID, message, extras)


def malformed(message: str) -> Refusal:
    return Refusal(422, MALFORMED, message)


def forbidden(message: str, **extras: object) -> Refusal:
    return Refusal(403, FORBIDDEN, message, extras)


def badly_formed(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    if order.symbol not in exchange.market.tapes:
        return invalid(f'asset "{order.symbol}" not found')
    if len(order.client_order_id) > CLIENT_ID_LENGTH_MAX:
        return malformed(f"client_order_id must be no more than {CLIENT_ID_LENGTH_MAX} characters")
    if order.qty <= 0:
        return malformed("qty must be > 0")
    if order.kind not in KINDS:
        return malformed(f"invalid order type: {order.kind}")
    if order.order_class not in ORDER_CLASSES:
        return malformed(f"invalid order_class: {order.order_class}")
    return None


def repeated_client_id(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    if order.client_order_id in exchange.book.by_client:
        return malformed("client_order_id must be unique")
    return None


def wrong_time_in_force(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    tif = order.time_in_force
    if tif in ("opg", "cls"):
        return invalid(f"{tif} orders are not enabled for this account")
    if tif not in ("day", "gtc", "ioc", "fok"):
        return malformed(f"invalid time_in_force: {tif}")
    if tif in ("ioc", "fok") and (order.kind not in (MARKET, LIMIT) or order.order_class != SIMPLE):
        return invalid(f"{tif} orders must be simple market or limit orders")
    if order.extended_hours and (order.kind != LIMIT or order.order_class != SIMPLE):
        return invalid("extended hours order must be DAY or GTC limit orders")
    return None


def missing_price(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    if order.kind in (LIMIT, STOP_LIMIT) and order.limit_units <= 0:
        return malformed(f"{order.kind} orders require limit_price")
    if order.kind in (STOP, STOP_LIMIT) and order.stop_units <= 0:
        return malformed(f"{order.kind} orders require stop_price")
    if order.kind == TRAILING_STOP and (order.trail_units > 0) == (order.trail_percent > 0):
        return malformed("trailing stop orders must specify one of trail_price or trail_percent")
    return None


def sub_penny(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    named = (
        ("limit_price", order.limit_units),
        ("stop_price", order.stop_units),
        ("take_profit.limit_price", order.take_profit_units),
        ("stop_loss.stop_price", order.stop_loss_units),
        ("stop_loss.limit_price", order.stop_loss_limit_units),
    )
    for name, units in named:
        if units and (refused := sub_penny_price(name, units)) is not None:
            return refused
    return None


def sub_penny_price(name: str, units: int) -> Refusal | None:
    if units % tick_units(units):
        return invalid(f"invalid {name} {usd_text(units)}. sub-penny increment does not fulfill minimum pricing criteria")
    return None


def complex_shape(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    target, stop = order.take_profit_units > 0, order.stop_loss_units > 0
    if order.order_class == SIMPLE:
        return invalid("take_profit and stop_loss need an order_class of bracket, oco or oto") if target or stop else None
    if order.kind == TRAILING_STOP:
        return invalid("trailing stop orders must be simple orders")
    if order.order_class in (BRACKET, OCO) and not (target and stop):
        return malformed(f"{order.order_class} orders require take_profit.limit_price and stop_loss.stop_price")
    if order.order_class == OTO and target == stop:
        return malformed("oto orders require either take_profit or stop_loss")
    if order.order_class == OCO and order.kind != LIMIT:
        return malformed("oco orders must be limit orders")
    if order.order_class in (BRACKET, OTO) and order.kind not in (MARKET, LIMIT):
        return malformed(f"{order.order_class} orders must be entered with a market or limit order")
    closing = limits.closes(exchange, order.symbol, order.side)
    if order.order_class == BRACKET and closing:
        return invalid("bracket orders must be entry orders")
    if order.order_class == OCO and not closing:
        return invalid("oco orders must be exit orders")
    return None


def leg_prices(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    """Target and stop at least a cent away from the base price (the entry's limit, else the current price) on their sides."""
    if order.order_class == SIMPLE:
        return None
    sign = order.side.sign if order.order_class != OCO else -order.side.sign  # +1: target above, stop below
    beyond, short_of, more, less = (">=", "<=", "+", "-") if sign > 0 else ("<=", ">=", "-", "+")
    base = order.limit_units if order.kind == LIMIT and order.order_class != OCO else exchange.market.price_units(order.symbol)
    target, stop = order.take_profit_units, order.stop_loss_units
    if target and stop and (target - stop) * sign < CENT_UNITS:
        return invalid(f"take_profit.limit_price must be {beyond} stop_loss.stop_price {more} 0.01")
    if base and target and order.order_class != OCO and (target - base) * sign < CENT_UNITS:
        return invalid(f"take_profit.limit_price must be {beyond} base_price {more} 0.01", base_price=usd_text(base))
    if base and stop and (base - stop) * sign < CENT_UNITS:
        return invalid(f"stop_loss.stop_price must be {short_of} base_price {less} 0.01", base_price=usd_text(base))
    if stop and order.stop_loss_limit_units and (stop - order.stop_loss_limit_units) * sign < 0:
        return invalid(f"stop_loss.limit_price must be {short_of} stop_loss.stop_price")
    return None


def suspended(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    return forbidden("new orders are rejected by user request") if rules.suspend_trade else None


def wash_trade(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    """An open order of the other side that this one could cross. Complex and trailing orders are exempt on both sides."""
    if order.order_class != SIMPLE or order.kind == TRAILING_STOP:
        return None
    for other in exchange.book.open_orders:
        exempt = other.is_complex or other.kind == TRAILING_STOP or other.status is OrderStatus.HELD
        if other.symbol != order.symbol or other.side is order.side or exempt:
            continue
        if order.kind != LIMIT or other.kind != LIMIT:
            reason = "opposite side market/stop order exists"
        elif (order.limit_units - other.limit_units) * order.side.sign >= 0:
            reason = "opposite side limit order exists"
        else:
            continue
        message = "potential wash trade detected. use complex orders"
        return forbidden(message, existing_order_id=other.id, reject_reason=reason)
    return None


def shares_held_by_orders(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    """An exit for more shares than the position has free. A position cannot be turned around by one order."""
    if not limits.closes(exchange, order.symbol, order.side):
        return None
    return too_many_shares(exchange, order.symbol, order.side, order.qty)


def too_many_shares(exchange: Exchange, symbol: str, side: Side, qty: int, but: str = "") -> Refusal | None:
    available = limits.available_qty(exchange, symbol, but)
    if qty <= available:
        return None
    existing = abs(exchange.account.qty(symbol))
    related = [o.id for o in limits.holders(exchange, symbol, side, but)]
    return forbidden(
        f"insufficient qty available for order (requested: {qty}, available: {available})",
        available=str(available),
        existing_qty=str(existing),
        held_for_orders=str(existing - available),
        related_orders=related,
        symbol=symbol,
    )


def short_sale(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    if order.side is Side.BUY or exchange.account.qty(order.symbol) > 0:
        return None
    if rules.no_shorting or exchange.market.equity_units() < limits.MARGIN_EQUITY_UNITS:
        return forbidden("account is not allowed to short")
    return None


def buying_power(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    if limits.closes(exchange, order.symbol, order.side):
        return None
    cost = order.qty * limits.cost_price_units(exchange, order.symbol, order.side, order.limit_units)
    power = limits.buying_power_units(exchange, rules.multiplier_max)
    return None if cost <= power else not_enough_power(power, cost)


def not_enough_power(power_units: int, cost_units: int) -> Refusal:
    return forbidden("insufficient buying power", buying_power=usd_text(power_units), cost_basis=usd_text(cost_units))


RULES = (
    badly_formed,
    repeated_client_id,
    wrong_time_in_force,
    missing_price,
    sub_penny,
    complex_shape,
    leg_prices,
    suspended,
    wash_trade,
    shares_held_by_orders,
    short_sale,
    buying_power,
)


def refusal(order: NewOrder, exchange: Exchange, rules: AccountRules) -> Refusal | None:
    """The first rule's refusal, or None."""
    for rule in RULES:
        refused = rule(order, exchange, rules)
        if refused is not None:
            return refused
    return None
