"""`/v2/aggs/ticker/{symbol}/range/{multiplier}/{timespan}/{from}/{to}` with pages (WIRE.md section 5). Nothing later than now is shown."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_MS
from tradebot.sim.alpaca_server.market_view import Rows
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import Refused, answer, parse_time

LIMIT_DEFAULT, LIMIT_MAX = 5_000, 50_000
TOO_MANY = "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue."


async def aggregates(request: Request) -> Response:
    """Minute bars of one symbol. `limit` counts rows of a page; `next_url` names a host that no test can reach."""
    simulator: Simulator = request.app.state.simulator
    where, query = request.path_params, request.query_params
    strikes = simulator.faults.take
    if strikes("massive_429", symbol=where["symbol"]) is not None:
        return _error(429, TOO_MANY)
    if where["timespan"] != "minute" or where["multiplier"] != "1":
        return _error(400, "this simulator knows range/1/minute only")
    limit_text = query.get("limit") or str(LIMIT_DEFAULT)
    if not limit_text.isdigit() or not 0 < int(limit_text) <= LIMIT_MAX:
        return _error(400, f"limit must be between 1 and {LIMIT_MAX}")
    try:
        first_ns, last_ns = _instant(where["first"]), _instant(where["last"], end_of_day=True)
        if query.get("cursor"):
            first_ns = int(base64.urlsafe_b64decode(query["cursor"]))
    except (Refused, ValueError, binascii.Error):
        return _error(400, "from, to or cursor is no time")
    rows = simulator.massive.minutes(where["symbol"], first_ns, last_ns)
    order = range(len(rows.start_ns)) if query.get("sort") != "desc" else range(len(rows.start_ns) - 1, -1, -1)
    chosen = list(order)[: int(limit_text)]
    body: dict[str, object] = {
        "ticker": where["symbol"],
        "queryCount": len(chosen),
        "resultsCount": len(chosen),
        "adjusted": query.get("adjusted") != "false",
        "results": [aggregate(rows, i) for i in chosen],
        "status": "OK",
        "request_id": "simulated",
    }
    if len(chosen) < len(rows.start_ns) and query.get("sort") != "desc":
        cursor = base64.urlsafe_b64encode(str(int(rows.start_ns[chosen[-1]]) + NS_PER_MINUTE).encode()).decode()
        kept = f"limit={limit_text}&sort=asc&adjusted={query.get('adjusted') or 'true'}"
        body["next_url"] = f"https://api.massive.invalid{request.url.path}?cursor={cursor}&{kept}"
    return answer(body)


def aggregate(rows: Rows, i: int) -> dict[str, object]:
    """Row i as REST writes it."""
    bar = rows.bar(i)
    return {"t": int(rows.start_ns[i]) // NS_PER_MS, **{name: bar[name] for name in ("o", "h", "l", "c", "v", "vw", "n")}}


def _instant(text: str, *, end_of_day: bool = False) -> int:
    """Epoch milliseconds, or a date in New York."""
    return int(text) * NS_PER_MS if text.isdigit() else parse_time(text, end_of_day=end_of_day)


def _error(status: int, message: str) -> Response:
    body: dict[str, Any] = {"status": "ERROR", "request_id": "simulated", "error": message}
    return answer(body, status)


ROUTES = [Route("/v2/aggs/ticker/{symbol}/range/{multiplier}/{timespan}/{first}/{last}", aggregates, methods=["GET"])]
