"""What the account may still do: buying power and shares that no open order holds yet (WIRE.md 2.1 and 2.2)."""

from __future__ import annotations

from tradebot.core.domain.orders import OrderStatus, Side
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.sim.venue_exchange import Exchange
from tradebot.sim.venue_orders import OCO, VenueOrder

MARGIN_EQUITY_UNITS = 2_000 * UNITS_PER_USD


def multiplier(exchange: Exchange, multiplier_max: int) -> int:
    """Buying power per dollar of equity; 1 below 2,000 dollars."""
    return 1 if exchange.market.equity_units() < MARGIN_EQUITY_UNITS else min(exchange.config.margin_multiplier, multiplier_max)


def exposure_units(exchange: Exchange) -> int:
    """Long plus short market value."""
    return sum(abs(h.qty) * exchange.market.price_units(s) for s, h in exchange.account.positions.items())


def buying_power_units(exchange: Exchange, multiplier_max: int, but: str = "") -> int:
    """`multiplier * equity - exposure - reserved by opening orders`, at least 0. The order `but` reserves nothing."""
    reserved = sum(reserved_units(exchange, order) for order in exchange.book.open_orders if order.id != but)
    equity = exchange.market.equity_units()
    return max(multiplier(exchange, multiplier_max) * equity - exposure_units(exchange) - reserved, 0)


def reserved_units(exchange: Exchange, order: VenueOrder) -> int:
    """Cost that an open order would add; exits and held legs add none."""
    if order.leg or order.order_class == OCO or closes(exchange, order.symbol, order.side):
        return 0
    return order.remaining * cost_price_units(exchange, order.symbol, order.side, order.limit_units)


def cost_price_units(exchange: Exchange, symbol: str, side: Side, limit_units: int) -> int:
    """Price at which an opening order is charged: its limit or the market; for a short the larger of limit and ask plus 3 percent."""
    at = exchange.market.moment(symbol)
    ask = exchange.market.price_units(symbol) if at is None else at.buy_units
    if side is Side.SELL:
        return max(limit_units, ask * 103 // 100)
    return limit_units or ask


def closes(exchange: Exchange, symbol: str, side: Side) -> bool:
    """An order of this side reduces what is held."""
    return exchange.account.qty(symbol) * side.sign < 0


def holders(exchange: Exchange, symbol: str, side: Side, but: str = "") -> list[VenueOrder]:
    """Open orders on the exit side that hold shares of a position, one for each group of which only one order may fill."""
    found: list[VenueOrder] = []
    seen: set[str] = set()
    for order in exchange.book.open_orders:
        if order.symbol != symbol or order.side is not side or order.status is OrderStatus.HELD or order.id == but:
            continue
        group = order.parent_id or order.id
        if group not in seen:
            seen.add(group)
            found.append(order)
    return found


def available_qty(exchange: Exchange, symbol: str, but: str = "") -> int:
    """Shares of the position (positive also for a short one) that no open order holds."""
    held = exchange.account.qty(symbol)
    side = Side.SELL if held > 0 else Side.BUY
    return max(abs(held) - sum(o.remaining for o in holders(exchange, symbol, side, but)), 0)
