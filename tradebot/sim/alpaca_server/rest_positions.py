"""Position routes: what is held, and closing it (WIRE.md section 2.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.core.domain.orders import Side
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.sim.alpaca_server.order_json import asset_id, order_json, whole_qty
from tradebot.sim.alpaca_server.past import account_at
from tradebot.sim.alpaca_server.rest_orders import cancel_open_orders
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import INVALID, NOT_FOUND, Refused, answer, decimal_of, error_body, money, quotient, refuse, truthy
from tradebot.sim.venue_account import Holding
from tradebot.sim.venue_orders import NewOrder, Refusal, VenueOrder

EXCHANGE = "NYSE"
UNKNOWN_EXCHANGE = "MOON"
LAG_S = 10.0


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _positions(simulator: Simulator) -> dict[str, Holding]:
    """Positions now, or as they were some seconds ago when that fault strikes (the broker's positions can lag its orders)."""
    lag = simulator.faults.take("positions_lag")
    if lag is not None:
        before_ns = simulator.now_ns - int(float(lag.get("lag_s") or LAG_S) * NS_PER_S)
        return dict(account_at(simulator, before_ns).positions)
    return dict(simulator.venue.positions)


def position_json(simulator: Simulator, symbol: str, held: Holding) -> dict[str, object]:
    """Fractions, not percentages. Intraday figures are measured from the previous session's close."""
    price = simulator.venue.price_units(symbol)
    last_day = simulator.market.day(symbol, simulator.now_ns, back=1)
    last_close = int(last_day.close[-1]) if len(last_day.close) else price
    value, profit = held.qty * price, held.qty * price - held.cost_units
    day_profit = held.qty * (price - last_close)
    strange = simulator.faults.take("unknown_enum", where="position") is not None
    return {
        "asset_id": asset_id(symbol),
        "symbol": symbol,
        "exchange": UNKNOWN_EXCHANGE if strange else EXCHANGE,
        "asset_class": "us_equity",
        "asset_marginable": True,
        "qty": str(held.qty),
        "qty_available": str(simulator.venue.available_qty(symbol) * (1 if held.qty > 0 else -1)),
        "side": "long" if held.qty > 0 else "short",
        "avg_entry_price": quotient(held.cost_units, held.qty * UNITS_PER_USD, places=9),
        "market_value": money(value),
        "cost_basis": money(held.cost_units),
        "unrealized_pl": money(profit),
        "unrealized_plpc": quotient(profit, abs(held.cost_units)),
        "unrealized_intraday_pl": money(day_profit),
        "unrealized_intraday_plpc": quotient(day_profit, abs(held.qty * last_close)),
        "current_price": money(price),
        "lastday_price": money(last_close),
        "change_today": quotient(price - last_close, last_close),
    }


async def list_positions(request: Request) -> Response:
    simulator = _simulator(request)
    return answer([position_json(simulator, symbol, held) for symbol, held in sorted(_positions(simulator).items())])


def _symbol(simulator: Simulator, text: str) -> str:
    """The symbol that a path names by symbol or asset id."""
    return next((s for s in simulator.market.symbols if text in (s, asset_id(s))), text)


async def one_position(request: Request) -> Response:
    simulator = _simulator(request)
    symbol = _symbol(simulator, request.path_params["symbol"])
    held = _positions(simulator).get(symbol)
    if held is None:
        raise refuse(404, NOT_FOUND, "position does not exist")
    return answer(position_json(simulator, symbol, held))


def _close(simulator: Simulator, symbol: str, qty: int) -> VenueOrder | Refusal:
    held = simulator.venue.positions[symbol]
    side = Side.SELL if held.qty > 0 else Side.BUY
    placed = simulator.venue.place(NewOrder(symbol, side, qty))
    return placed if isinstance(placed, Refusal) else placed[0]


async def close_position(request: Request) -> Response:
    simulator, query = _simulator(request), request.query_params
    symbol = _symbol(simulator, request.path_params["symbol"])
    held = simulator.venue.positions.get(symbol)
    if held is None:
        raise refuse(404, NOT_FOUND, f"position not found: {symbol}")
    qty = abs(held.qty)
    if query.get("qty"):
        qty = whole_qty(query["qty"], symbol)
    elif query.get("percentage"):
        percentage = decimal_of(query["percentage"], "percentage")
        if not 0 < percentage <= 100:
            raise refuse(422, INVALID, "percentage must be between 0 and 100")
        qty = int(qty * percentage / 100)
    order = _close(simulator, symbol, qty)
    if isinstance(order, Refusal):
        raise Refused(order)
    simulator.flush()
    return answer(order_json(order))


async def close_all(request: Request) -> Response:
    simulator = _simulator(request)
    if truthy(request.query_params.get("cancel_orders")):
        cancel_open_orders(simulator)
    outcomes: list[dict[str, object]] = []
    for symbol, held in sorted(simulator.venue.positions.items()):
        order = _close(simulator, symbol, abs(held.qty))
        if isinstance(order, Refusal):
            outcomes.append({"symbol": symbol, "status": order.http_status, "body": error_body(order)})
        else:
            outcomes.append({"symbol": symbol, "status": 200, "body": order_json(order)})
    simulator.flush()
    return answer(outcomes, 207)


ROUTES = [
    Route("/v2/positions", list_positions, methods=["GET"]),
    Route("/v2/positions", close_all, methods=["DELETE"]),
    Route("/v2/positions/{symbol}", one_position, methods=["GET"]),
    Route("/v2/positions/{symbol}", close_position, methods=["DELETE"]),
]
