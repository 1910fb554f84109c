"""Screener: the most active stocks and the movers of the day so far; before the first bar of a day those of the day before."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import MALFORMED, answer, refuse, rfc3339

ACTIVES_MAX, MOVERS_MAX = 100, 50


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _top(request: Request, most: int) -> int:
    text = request.query_params.get("top") or "10"
    if not text.isdigit() or not 0 < int(text) <= most:
        raise refuse(400, MALFORMED, f"top must be between 1 and {most}")
    return int(text)


def _day_back(simulator: Simulator) -> int:
    """0 when any symbol has a bar today, else 1."""
    market = simulator.market
    return 0 if any(len(market.day(s, simulator.now_ns).start_ns) for s in market.symbols) else 1


async def most_actives(request: Request) -> Response:
    simulator = _simulator(request)
    by = request.query_params.get("by") or "volume"
    if by not in ("volume", "trades"):
        raise refuse(400, MALFORMED, f"invalid by: {by}")
    back, rows = _day_back(simulator), []
    for symbol in simulator.market.symbols:
        day = simulator.market.day(symbol, simulator.now_ns, back)
        if len(day.start_ns):
            volume, trades = int(day.volume[0]), int(day.trades[0])
            rows.append((-trades if by == "trades" else 0, -volume, symbol, {"symbol": symbol, "volume": volume, "trade_count": trades}))
    rows.sort(key=lambda row: row[:3])
    return answer({"most_actives": [row for *_, row in rows[: _top(request, ACTIVES_MAX)]], "last_updated": rfc3339(simulator.now_ns)})


async def movers(request: Request) -> Response:
    simulator = _simulator(request)
    market_type = request.path_params["market"]
    top, back, rows = _top(request, MOVERS_MAX), _day_back(simulator), []
    for symbol in simulator.market.symbols if market_type == "stocks" else ():
        day, before = (simulator.market.day(symbol, simulator.now_ns, back + n) for n in (0, 1))
        if len(day.start_ns) and len(before.start_ns):
            price, base = int(day.close[0]), int(before.close[0])
            percent = round(100 * (price - base) / base, 2)
            rows.append((percent, {"symbol": symbol, "percent_change": percent, "change": (price - base) / 1e4, "price": price / 1e4}))
    rows.sort(key=lambda row: (-row[0], str(row[1]["symbol"])))
    gainers = [row for percent, row in rows if percent > 0][:top]
    losers = [row for percent, row in reversed(rows) if percent < 0][:top]
    updated = rfc3339(simulator.now_ns)
    return answer({"gainers": gainers, "losers": losers, "market_type": market_type, "last_updated": updated})


ROUTES = [
    Route("/v1beta1/screener/stocks/most-actives", most_actives, methods=["GET"]),
    Route("/v1beta1/screener/{market}/movers", movers, methods=["GET"]),
]
