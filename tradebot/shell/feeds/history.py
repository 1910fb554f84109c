"""History from Alpaca into the Parquet store, and the screen for the most active stocks.

alpaca-py's historical clients, called from a thread of the caller's. Their own retry is off and every request has a timeout (WIRE.md
section 1); a GET may be repeated, so this module repeats it with patience of its own. `raw_data` keeps the SDK's strict models away.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import numpy as np

from tradebot.core.domain.bars import BarColumns, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.feeds.bar_wire import Bar, BarFault, bar_of_json
from tradebot.shell.store.bars import BarStore
from tradebot.shell.store.sidecar import Origin

Feed = Literal["iex", "sip"]
Adjustment = Literal["raw", "split", "dividend", "all"]
T = TypeVar("T")

_SOURCE: Final = "alpaca"
_TIMEOUT_S: Final = (5.0, 30.0)  # connect, read
_PATIENCE_S: Final = (1.0, 3.0, 10.0)
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_CHUNK_DAYS: Final = 7
_HTTP_UNAUTHORISED: Final = 401
_HTTP_FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class AlpacaData:
    """How to reach Alpaca's data service. `origin` replaces `https://data.alpaca.markets` (a simulated server's `http://127.0.0.1:PORT`)."""

    key: str
    secret: str
    origin: str | None = None
    feed: Feed = "iex"
    patience_s: tuple[float, ...] = _PATIENCE_S

    def __repr__(self) -> str:
        return f"AlpacaData(origin={self.origin!r}, feed={self.feed!r})"  # never the keys


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """Told after each request: `done` of `total` pieces, and the bars that came."""

    symbol: str
    through: dt.date
    bars: int
    done: int
    total: int
    skipped: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """The outcome: bars by symbol, requests made, and pieces that were already stored."""

    bars: Mapping[str, int]
    requests: int
    skipped: int


def fetch_history(
    data: AlpacaData,
    store: BarStore,
    symbols: Sequence[str],
    from_ns: int,
    through_ns: int,
    *,
    adjustment: Adjustment = "raw",
    progress: Callable[[FetchProgress], None] | None = None,
) -> Fetched:
    """Fetch one-minute bars with `from_ns <= minute_ns <= through_ns` that the store lacks. Blocks: call it in a thread.

    Each piece (a symbol and at most a week) is validated and written before the next is asked for, so an interrupted fetch goes on where
    it stopped. `through_ns` must name a minute whose bar is final, since what was asked for once is not asked for again. Raises
    OperatorFault for an empty universe, bad keys, a feed that the account may not use, a service that doesn't answer, and bars that can't
    be true.
    """
    client = _historical_client(data)

    def bars(symbol: str, start_ns: int, last_ns: int) -> BarColumns:
        return _bars(client, data, symbol, start_ns, last_ns, adjustment)

    origin = Origin(data.feed, adjustment, _SOURCE if data.origin is None else f"{_SOURCE} at {data.origin}")
    return fetch_into(store, symbols, list(pieces(from_ns, through_ns, _CHUNK_DAYS)), origin, bars, progress)


def fetch_into(
    store: BarStore,
    symbols: Sequence[str],
    ranges: Sequence[tuple[int, int]],
    origin: Origin,
    bars_of: Callable[[str, int, int], BarColumns],
    progress: Callable[[FetchProgress], None] | None,
) -> Fetched:
    """Ask for what the store lacks, range by range, and write each before the next is asked for. Raises as `fetch_history`."""
    if not symbols:
        raise OperatorFault("the universe is empty: name at least one symbol to fetch")
    todo = [(symbol, *piece) for symbol in symbols for piece in ranges]
    count_of = dict.fromkeys(symbols, 0)
    requests = 0
    for done, (symbol, first_ns, last_ns) in enumerate(todo, start=1):
        start_ns = store.resume_ns(symbol, first_ns, last_ns, origin)
        count = 0
        if start_ns <= last_ns:
            bars = bars_of(symbol, start_ns, last_ns)
            store.write(bars, origin, start_ns, last_ns)
            count = len(bars)
            count_of[symbol] += count
            requests += 1
        if progress is not None:
            through = dt.datetime.fromtimestamp(last_ns // NS_PER_S, dt.UTC).date()
            progress(FetchProgress(symbol, through, count, done, len(todo), start_ns > last_ns))
    return Fetched(count_of, requests, len(todo) - requests)


def screen_most_active(
    data: AlpacaData, top: int, price_usd_min: float, price_usd_max: float, by: Literal["volume", "trades"] = "volume"
) -> tuple[str, ...]:
    """The most active US stocks by volume or trades whose latest trade lies in the price range, most active first. Blocks.

    `top` (1 to 100) is asked of the screener before the price filter; a `price_usd_max` of 0 lifts the upper bound. Raises
    OperatorFault when nothing is left.
    """
    from alpaca.data.enums import DataFeed, MostActivesBy
    from alpaca.data.historical.screener import ScreenerClient
    from alpaca.data.requests import MostActivesRequest, StockLatestTradeRequest

    screener = _hardened(ScreenerClient(data.key, data.secret, raw_data=True, url_override=data.origin))
    request = MostActivesRequest(top=top, by=MostActivesBy(by))
    answer: Any = _patiently(data, lambda: screener.get_most_actives(request))
    active = [str(row["symbol"]) for row in answer["most_actives"]]
    if not active:
        raise OperatorFault("the universe is empty: Alpaca's screener names no active stock")
    client = _historical_client(data)
    latest = StockLatestTradeRequest(symbol_or_symbols=active, feed=DataFeed(data.feed))
    trades: Any = _patiently(data, lambda: client.get_stock_latest_trade(latest))
    upper = price_usd_max or float("inf")
    chosen = tuple(s for s in active if s in trades and price_usd_min <= float(trades[s]["p"]) <= upper)
    if not chosen:
        raise OperatorFault(
            f"the universe is empty: none of the {len(active)} most active stocks trades at ${price_usd_min:g} to ${upper:g}"
        )
    return chosen


def _bars(client: Any, data: AlpacaData, symbol: str, from_ns: int, through_ns: int, adjustment: str) -> BarColumns:
    from alpaca.data.enums import Adjustment as AlpacaAdjustment
    from alpaca.data.enums import DataFeed
    from alpaca.data.requests import StockBarsRequest
    from alpaca.data.timeframe import TimeFrame

    request = StockBarsRequest(
        symbol_or_symbols=symbol,
        timeframe=TimeFrame.Minute,
        start=dt.datetime.fromtimestamp(from_ns / NS_PER_S, dt.UTC),
        end=dt.datetime.fromtimestamp(through_ns // NS_PER_S, dt.UTC),
        adjustment=AlpacaAdjustment(adjustment),
        feed=DataFeed(data.feed),
    )
    answer = _patiently(data, lambda: client.get_stock_bars(request))
    rows = answer.get(symbol) or []
    if not all(isinstance(row, dict) for row in rows):
        raise OperatorFault(f"Alpaca sent bars of {symbol} in an unknown shape")
    try:
        bars = [bar_of_json(symbol, row) for row in rows]
    except BarFault as error:
        raise OperatorFault(f"Alpaca sent a bar that can't be true: {error}") from error
    return columns(symbol, [bar for bar in bars if from_ns <= bar.minute_ns <= through_ns])


def columns(symbol: str, bars: Sequence[Bar]) -> BarColumns:
    def column(field: str) -> Int:
        return np.array([getattr(bar, field) for bar in bars], np.int64)

    open_, high, low, close = (column(field) for field in ("open", "high", "low", "close"))
    trades = column("trades")
    return BarColumns(symbol, column("minute_ns"), open_, high, low, close, column("volume"), trades=trades if trades.any() else None)


def pieces(from_ns: int, through_ns: int, days: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most so many days inside one UTC month, whole minutes, both ends included (to the last minute's last nanosecond)."""
    at = dt.datetime.fromtimestamp(from_ns // NS_PER_MINUTE * 60, dt.UTC)
    end = dt.datetime.fromtimestamp((through_ns // NS_PER_MINUTE + 1) * 60, dt.UTC)
    while at < end:
        next_month = (at.replace(day=1) + dt.timedelta(days=32)).replace(day=1, hour=0, minute=0)
        stop = min(at + dt.timedelta(days=days), next_month, end)
        yield int(at.timestamp()) * NS_PER_S, int(stop.timestamp()) * NS_PER_S - 1
        at = stop


def _historical_client(data: AlpacaData) -> Any:
    from alpaca.data.historical.stock import StockHistoricalDataClient

    return _hardened(StockHistoricalDataClient(data.key, data.secret, raw_data=True, url_override=data.origin))


def _hardened(client: Any) -> Any:
    """The SDK's client without its fixed retries and with a timeout; both are private there (alpaca-py 0.44, WIRE.md section 1)."""
    from requests.adapters import HTTPAdapter

    class TimeoutAdapter(HTTPAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            return super().send(request, *args, **(kwargs | {"timeout": _TIMEOUT_S}))

    client._retry = 0
    for scheme in ("http://", "https://"):
        client._session.mount(scheme, TimeoutAdapter())
    return client


def _patiently(data: AlpacaData, ask: Callable[[], T]) -> T:
    """Ask, and ask again after transient failures. Raises OperatorFault on refusals and when patience ends."""
    from alpaca.common.exceptions import APIError
    from requests import RequestException

    where = data.origin or "https://data.alpaca.markets"
    for wait_s in (*data.patience_s, None):
        try:
            return ask()
        except APIError as error:
            status = error.status_code
            if status == _HTTP_UNAUTHORISED:
                raise OperatorFault(f"Alpaca refused the API key at {where}: check ALPACA_API_KEY and ALPACA_SECRET_KEY") from None
            if status == _HTTP_FORBIDDEN or (status is not None and status not in _TRANSIENT):
                raise OperatorFault(f"Alpaca refused to send data of feed {data.feed} ({status}): {str(error)[:200]}") from error
            why = f"status {status}"
        except RequestException as error:
            why = type(error).__name__
        if wait_s is None:
            break
        time.sleep(wait_s)
    raise OperatorFault(f"Alpaca's data service at {where} doesn't answer ({why}): try again later, what was fetched is kept")
