"""Clock, calendar and assets, as the given sessions and histories say."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_S
from tradebot.sim.alpaca_server.order_json import asset_id
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import INVALID, NEW_YORK, NOT_FOUND, answer, new_york_text, refuse

_POST_S = 4 * 3600


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


async def clock(request: Request) -> Response:
    """Alpaca's clock, and how simulated time runs: `{"simulation": {"speed": X, "step": bool}}`."""
    simulator = _simulator(request)
    now_ns, sessions = simulator.now_ns, simulator.sessions
    current, following = sessions.at(now_ns), sessions.next_open(now_ns)
    closing = current or following
    body: dict[str, object] = {
        "timestamp": new_york_text(now_ns),
        "is_open": current is not None,
        "next_open": new_york_text(following.open_ns if following else now_ns),
        "next_close": new_york_text(closing.close_ns if closing else now_ns),
        "simulation": {"speed": simulator.speed, "step": simulator.step_mode},
    }
    return answer(body)


async def calendar(request: Request) -> Response:
    query = request.query_params
    try:
        first = dt.date.fromisoformat(query["start"][:10]) if query.get("start") else dt.date.min
        last = dt.date.fromisoformat(query["end"][:10]) if query.get("end") else dt.date.max
    except ValueError as error:
        raise refuse(422, INVALID, "invalid date") from error
    sessions = _simulator(request).sessions.sessions
    return answer([_day(s, sessions[min(n + 1, len(sessions) - 1)]) for n, s in enumerate(sessions) if first <= s.date <= last])


def _day(session: Session, following: Session) -> dict[str, str]:
    opens, closes = _local(session.open_ns), _local(session.close_ns)
    return {
        "date": session.date.isoformat(),
        "open": f"{opens:%H:%M}",
        "close": f"{closes:%H:%M}",
        "session_open": "0400",
        "session_close": f"{closes + dt.timedelta(seconds=_POST_S):%H%M}",
        "settlement_date": following.date.isoformat(),
    }


def _local(ts_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, NEW_YORK)


def asset_json(symbol: str) -> dict[str, object]:
    return {
        "id": asset_id(symbol),
        "class": "us_equity",
        "exchange": "NYSE",
        "symbol": symbol,
        "name": symbol,
        "status": "active",
        "tradable": True,
        "marginable": True,
        "shortable": True,
        "easy_to_borrow": True,
        "borrow_status": "easy_to_borrow",
        "fractionable": False,
        "attributes": [],
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "maintenance_margin_requirement": 30,
    }


async def assets(request: Request) -> Response:
    query = request.query_params
    fits = query.get("status") in (None, "", "active") and query.get("asset_class") in (None, "", "us_equity")
    fits = fits and query.get("exchange") in (None, "", "NYSE") and not query.get("attributes")
    simulator = _simulator(request)
    rows = [asset_json(symbol) | simulator.assets.get(symbol, {}) for symbol in simulator.market.symbols] if fits else []
    return answer([row for row in rows if not query.get("status") or row["status"] == "active"])


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    for symbol in _simulator(request).market.symbols:
        if name in (symbol, asset_id(symbol)):
            return answer(asset_json(symbol) | _simulator(request).assets.get(symbol, {}))
    raise refuse(404, NOT_FOUND, f"asset not found for {name}")


ROUTES = [
    Route("/v2/clock", clock, methods=["GET"]),
    Route("/v2/calendar", calendar, methods=["GET"]),
    Route("/v2/assets", assets, methods=["GET"]),
    Route("/v2/assets/{name}", asset, methods=["GET"]),
]
