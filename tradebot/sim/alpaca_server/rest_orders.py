"""Order routes: place, list, look up, replace, cancel (WIRE.md section 2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.core.domain.orders import OrderStatus
from tradebot.sim.alpaca_server.order_json import order_json, read_order, read_replacement, with_legs
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import INVALID, NOT_FOUND, Refused, answer, error_body, parse_time, read_body, refuse, truthy
from tradebot.sim.venue import not_found
from tradebot.sim.venue_orders import Refusal, VenueOrder

UNKNOWN_STATUS = "quantum_entangled"
LIMIT_DEFAULT, LIMIT_MAX = 50, 500


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _checked(simulator: Simulator, body: dict[str, object]) -> dict[str, object]:
    """The body as it goes out; a fault may put an unknown status into it."""
    if simulator.faults.take("unknown_enum", where="order") is not None:
        body["status"] = UNKNOWN_STATUS
    return body


def _find(simulator: Simulator, broker_id: str) -> VenueOrder:
    order = simulator.venue.orders.get(broker_id)
    if order is None:
        raise Refused(not_found(broker_id))
    return order


async def place(request: Request) -> Response:
    simulator = _simulator(request)
    placed = simulator.venue.place(read_order(await read_body(request)))
    if isinstance(placed, Refusal):
        raise Refused(placed)
    simulator.flush()
    return answer(_checked(simulator, order_json(placed[0], placed[1:])))


async def list_orders(request: Request) -> Response:
    simulator, query = _simulator(request), request.query_params
    orders = _select(simulator, request)
    if query.get("direction", "desc") != "asc":
        orders.reverse()
    nested = truthy(query.get("nested"))
    if nested:
        here = {order.id for order in orders}
        orders = [order for order in orders if order.parent_id not in here]
    limit = _limit(query.get("limit"))
    bodies = [with_legs(simulator.venue, order) if nested else order_json(order) for order in orders[:limit]]
    return answer([_checked(simulator, body) for body in bodies])


def _limit(text: str | None) -> int:
    if not text:
        return LIMIT_DEFAULT
    if not text.isdigit() or not 0 < int(text) <= LIMIT_MAX:
        raise refuse(422, INVALID, f"limit must be between 1 and {LIMIT_MAX}")
    return int(text)


def _select(simulator: Simulator, request: Request) -> list[VenueOrder]:
    """Orders that fit the query, oldest first. A held leg is no open order of its own: it shows inside its parent (WIRE.md section 7)."""
    query = request.query_params
    status = query.get("status") or "open"
    if status not in ("open", "closed", "all"):
        raise refuse(422, INVALID, f"invalid status: {status}")
    venue = simulator.venue
    orders = list(venue.open_orders if status == "open" else venue.orders.values())
    if status == "open":
        orders = [order for order in orders if order.status is not OrderStatus.HELD]
    elif status == "closed":
        orders = [order for order in orders if not order.is_open]
    for name, keep in (("after_order_id", 1), ("before_order_id", -1)):
        if mark := query.get(name):
            seq = _find(simulator, mark).seq
            orders = [order for order in orders if (order.seq - seq) * keep > 0]
    if after := query.get("after"):
        after_ns = parse_time(after)
        orders = [order for order in orders if order.submitted_ns > after_ns]
    if until := query.get("until"):
        until_ns = parse_time(until)
        orders = [order for order in orders if order.submitted_ns < until_ns]
    if side := query.get("side"):
        orders = [order for order in orders if order.side == side]
    if names := query.get("symbols"):
        wanted = set(names.split(","))
        orders = [order for order in orders if order.symbol in wanted]
    return orders


async def by_id(request: Request) -> Response:
    simulator = _simulator(request)
    order = _find(simulator, request.path_params["order_id"])
    nested = truthy(request.query_params.get("nested"))
    return answer(_checked(simulator, with_legs(simulator.venue, order) if nested else order_json(order)))


async def by_client_id(request: Request) -> Response:
    simulator = _simulator(request)
    client_id = request.query_params.get("client_order_id", "")
    order = simulator.venue.order_by_client_id(client_id)
    if order is None:
        raise refuse(404, NOT_FOUND, f"order not found for {client_id}")
    return answer(_checked(simulator, with_legs(simulator.venue, order)))


async def replace(request: Request) -> Response:
    simulator = _simulator(request)
    order = _find(simulator, request.path_params["order_id"])
    change = read_replacement(await read_body(request), order)
    lost = order.is_open and simulator.faults.take("replace_lost_to_fill") is not None
    new = simulator.venue.replace(order.id, change, lost=lost)
    if isinstance(new, Refusal):
        raise Refused(new)
    simulator.flush()
    return answer(_checked(simulator, order_json(new)))


async def cancel(request: Request) -> Response:
    simulator = _simulator(request)
    order = _find(simulator, request.path_params["order_id"])
    stuck = simulator.faults.take("stuck_pending_cancel") if order.is_open else None
    refused = simulator.venue.cancel(order.id, lost=stuck is not None)
    if stuck is not None and refused is None and stuck.get("for_s"):
        simulator.release_later(order.id, float(stuck["for_s"]))
    if refused is not None:
        raise Refused(refused)
    simulator.flush()
    return Response(status_code=204)


async def cancel_all(request: Request) -> Response:
    simulator = _simulator(request)
    return answer(cancel_open_orders(simulator), 207)


def cancel_open_orders(simulator: Simulator) -> list[dict[str, object]]:
    """Cancel every open order; one outcome each, those that went along with another included."""
    outcomes: list[dict[str, object]] = []
    for order in simulator.venue.open_orders:
        lost = simulator.faults.take("stuck_pending_cancel") is not None
        refused = simulator.venue.cancel(order.id, lost=lost) if order.is_open else None
        body: dict[str, object] = order_json(order) if refused is None else error_body(refused)
        outcomes.append({"id": order.id, "status": 200 if refused is None else 500, "body": body})
    simulator.flush()
    return outcomes


ROUTES = [
    Route("/v2/orders", place, methods=["POST"]),
    Route("/v2/orders", list_orders, methods=["GET"]),
    Route("/v2/orders", cancel_all, methods=["DELETE"]),
    Route("/v2/orders:by_client_order_id", by_client_id, methods=["GET"]),
    Route("/v2/orders/{order_id}", by_id, methods=["GET"]),
    Route("/v2/orders/{order_id}", replace, methods=["PATCH"]),
    Route("/v2/orders/{order_id}", cancel, methods=["DELETE"]),
]
