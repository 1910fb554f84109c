"""Market data routes: bars, quotes, trades, latest, snapshots, screener; empty news and corporate actions (WIRE.md section 4).

Nothing later than the simulated now is ever shown. Pages count rows over all symbols, sorted by symbol, then by time.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.sim.alpaca_server.market_view import MarketView, Timeframe, trade_json
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import MALFORMED, answer, new_york_text, parse_time, refuse, rfc3339

LIMIT_DEFAULT, LIMIT_MAX = 1_000, 10_000


@dataclass(frozen=True, slots=True)
class Series:
    """Rows of one symbol, oldest first: their times, and a way to write row i without its time."""

    times_ns: list[int]
    write: Callable[[int], dict[str, object]]

    def row(self, i: int) -> dict[str, object]:
        return {"t": rfc3339(self.times_ns[i]), **self.write(i)}


Source = Callable[[str, int, int], Series]


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _source(request: Request) -> Source:
    """Where rows of a symbol between two instants come from, for the kind that the path names."""
    simulator = _simulator(request)
    market, now_ns, kind = simulator.market, simulator.now_ns, request.path_params["kind"]
    if kind == "bars":
        try:
            timeframe = Timeframe.parse(request.query_params.get("timeframe") or "")
        except ValueError as error:
            raise refuse(400, MALFORMED, str(error)) from error
        return lambda symbol, first, last: _bars(market, symbol, timeframe, now_ns, first, last)
    if kind == "quotes":
        return lambda symbol, first, last: _quotes(market, symbol, now_ns, first, last)
    if kind == "trades":
        return lambda symbol, first, last: _trades(market, symbol, now_ns, first, last)
    return lambda symbol, first, last: Series([], lambda i: {})  # auctions: the files have none


def _bars(market: MarketView, symbol: str, timeframe: Timeframe, now_ns: int, first: int, last: int) -> Series:
    rows = market.bars(symbol, timeframe, now_ns, first, last)
    return Series(rows.start_ns.tolist(), rows.bar)


def _quotes(market: MarketView, symbol: str, now_ns: int, first: int, last: int) -> Series:
    found = market.quotes(symbol, now_ns, first, last)
    return Series(found.ts_ns.tolist(), found.quote)


def _trades(market: MarketView, symbol: str, now_ns: int, first: int, last: int) -> Series:
    times, rows = market.trades(symbol, now_ns, first, last)
    return Series(times.tolist(), lambda i: trade_json(int(times[i]), rows, i))


async def many(request: Request) -> Response:
    symbols = _symbols(request)
    page, token = _page(request, symbols)
    return answer({request.path_params["kind"]: page, "next_page_token": token, "currency": "USD"})


async def single(request: Request) -> Response:
    symbol = request.path_params["symbol"]
    page, token = _page(request, [symbol])
    return answer({"symbol": symbol, request.path_params["kind"]: page.get(symbol, []), "next_page_token": token, "currency": "USD"})


def _symbols(request: Request) -> list[str]:
    names = sorted({name.strip() for name in (request.query_params.get("symbols") or "").split(",")} - {""})
    if not names:
        raise refuse(400, MALFORMED, "symbols is required")
    return names


def _page(request: Request, symbols: list[str]) -> tuple[dict[str, list[dict[str, object]]], str | None]:
    """The rows of one page by symbol, and the token of the next page or None."""
    query, source, now_ns = request.query_params, _source(request), _simulator(request).now_ns
    limit = _limit(query.get("limit"))
    first_ns = parse_time(query["start"]) if query.get("start") else _midnight(now_ns)
    last_ns = parse_time(query["end"], end_of_day=True) if query.get("end") else now_ns
    if first_ns > last_ns and query.get("end"):
        raise refuse(400, MALFORMED, "end should not be before start")
    descending = query.get("sort") == "desc"
    from_symbol, from_row = _read_token(query.get("page_token"))
    page: dict[str, list[dict[str, object]]] = {}
    for symbol in symbols:
        if symbol < from_symbol:
            continue
        series = source(symbol, first_ns, last_ns)
        count = len(series.times_ns)
        skip = from_row if symbol == from_symbol else 0
        stop = min(skip + limit, count)
        if skip < stop:
            page[symbol] = [series.row(count - 1 - i if descending else i) for i in range(skip, stop)]
            limit -= stop - skip
        if stop < count:
            return page, _token(symbol, max(stop, skip))
    return page, None


def _limit(text: str | None) -> int:
    if not text:
        return LIMIT_DEFAULT
    if not text.isdigit() or not 0 < int(text) <= LIMIT_MAX:
        raise refuse(400, MALFORMED, f"limit must be between 1 and {LIMIT_MAX}")
    return int(text)


def _token(symbol: str, row: int) -> str:
    return base64.urlsafe_b64encode(f"{symbol}|{row}".encode()).decode()


def _read_token(token: str | None) -> tuple[str, int]:
    if not token:
        return "", 0
    try:
        symbol, _, row = base64.urlsafe_b64decode(token).decode().rpartition("|")
        return symbol, int(row)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise refuse(400, MALFORMED, "invalid page_token") from error


def _midnight(now_ns: int) -> int:
    return parse_time(new_york_text(now_ns)[:10])


async def latest_many(request: Request) -> Response:
    simulator, kind = _simulator(request), request.path_params["kind"]
    found = {symbol: _latest(simulator, kind, symbol) for symbol in _symbols(request)}
    return answer({kind: {symbol: row for symbol, row in found.items() if row is not None}, "currency": "USD"})


async def latest_single(request: Request) -> Response:
    kind, symbol = request.path_params["kind"], request.path_params["symbol"]
    row = _latest(_simulator(request), kind, symbol)
    if row is None:
        raise refuse(404, 40410000, f"no {kind} found for {symbol}")
    return answer({"symbol": symbol, kind[:-1]: row, "currency": "USD"})


def _latest(simulator: Simulator, kind: str, symbol: str) -> dict[str, object] | None:
    """The newest bar, quote or trade; None when there is none yet."""
    market, now_ns = simulator.market, simulator.now_ns
    if symbol not in market.histories:
        return None
    since_ns = market.recent_ns(symbol, now_ns)
    if kind == "bars":
        series = _bars(market, symbol, Timeframe(1, "Min"), now_ns, since_ns, now_ns)
    elif kind == "quotes":
        series = _quotes(market, symbol, now_ns, since_ns, now_ns)
    else:
        series = _trades(market, symbol, now_ns, since_ns, now_ns)
    return series.row(len(series.times_ns) - 1) if series.times_ns else None


async def snapshots(request: Request) -> Response:
    simulator = _simulator(request)
    return answer({symbol: _snapshot(simulator, symbol) for symbol in _symbols(request) if symbol in simulator.market.histories})


async def snapshot(request: Request) -> Response:
    symbol = request.path_params["symbol"]
    return answer({"symbol": symbol, **_snapshot(_simulator(request), symbol)})


def _snapshot(simulator: Simulator, symbol: str) -> dict[str, Any]:
    days = [simulator.market.day(symbol, simulator.now_ns, back) for back in (0, 1)]
    day, before = ({"t": rfc3339(int(d.start_ns[0])), **d.bar(0)} if len(d.start_ns) else None for d in days)
    return {
        "latestTrade": _latest(simulator, "trades", symbol),
        "latestQuote": _latest(simulator, "quotes", symbol),
        "minuteBar": _latest(simulator, "bars", symbol),
        "dailyBar": day,
        "prevDailyBar": before,
    }


async def news(request: Request) -> Response:
    return answer({"news": [], "next_page_token": None})


CORPORATE_ACTIONS = (
    "forward_splits",
    "reverse_splits",
    "unit_splits",
    "stock_dividends",
    "cash_dividends",
    "spin_offs",
    "cash_mergers",
    "stock_mergers",
    "stock_and_cash_mergers",
    "redemptions",
    "name_changes",
    "worthless_removals",
    "rights_distributions",
)


async def corporate_actions(request: Request) -> Response:
    return answer({"corporate_actions": {kind: [] for kind in CORPORATE_ACTIONS}, "next_page_token": None})


class KindConvertor(StringConvertor):
    """The last part of a data path."""

    regex = "bars|quotes|trades|auctions"


register_url_convertor("kind", KindConvertor())
KIND = "{kind:kind}"
ROUTES = [
    Route("/v2/stocks/snapshots", snapshots, methods=["GET"]),
    Route(f"/v2/stocks/{KIND}/latest", latest_many, methods=["GET"]),
    Route(f"/v2/stocks/{KIND}", many, methods=["GET"]),
    Route("/v2/stocks/{symbol}/snapshot", snapshot, methods=["GET"]),
    Route(f"/v2/stocks/{{symbol}}/{KIND}/latest", latest_single, methods=["GET"]),
    Route(f"/v2/stocks/{{symbol}}/{KIND}", single, methods=["GET"]),
    Route("/v1beta1/news", news, methods=["GET"]),
    Route("/v1/corporate-actions", corporate_actions, methods=["GET"]),
    Route("/v1beta1/corporate-actions", corporate_actions, methods=["GET"]),
]
