"""A real server on loopback and unmodified alpaca-py clients, on a small market made in code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from alpaca.data.historical import ScreenerClient, StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from tests.unit.sim.markets import bars, random_bars, sessions
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.sim.alpaca_server.server import ServerThread
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.venue_config import VenueConfig

SESSIONS = sessions(4)
TRADED = SESSIONS.sessions[1]  # the first session is history
MINUTE_NS = NS_PER_MINUTE


def flat_with_events() -> list[tuple[float, float, float, float]]:
    """100 dollars all day with ten cents of noise; minute 30 spikes to 103, minute 60 falls to 97."""
    rows = [(100.0, 100.1, 99.9, 100.0)] * 390
    rows[30] = (100.0, 103.0, 99.9, 100.0)
    rows[60] = (100.0, 100.1, 97.0, 100.0)
    return rows


def histories() -> dict[str, Any]:
    found = {name: random_bars(name, SESSIONS, seed, quotes=name == "IBM") for seed, name in enumerate(("AIG", "BAC", "IBM", "SPY"))}
    return found | {"HAND": bars("HAND", flat_with_events(), TRADED.open_ns)}


@dataclass
class Lab:
    """The server with every client that a test may want."""

    server: ServerThread
    http: httpx.Client

    @property
    def simulator(self) -> Simulator:
        return self.server.simulator

    @property
    def trading(self) -> TradingClient:
        client = TradingClient("key", "secret", url_override=self.server.url)
        client._retry = 0  # the SDK would repeat 429 and 504 for nine seconds
        return client

    @property
    def data(self) -> StockHistoricalDataClient:
        return StockHistoricalDataClient("key", "secret", url_override=self.server.url)

    @property
    def screener(self) -> ScreenerClient:
        return ScreenerClient("key", "secret", url_override=self.server.url)

    def trade_stream(self) -> TradingStream:
        return TradingStream("key", "secret", url_override=f"{self.server.ws_url}/stream")

    def data_stream(self, feed: str = "iex") -> StockDataStream:
        return StockDataStream("key", "secret", url_override=f"{self.server.ws_url}/v2/{feed}")

    def advance_to(self, until_ns: int) -> dict[str, Any]:
        """As many steps as it takes."""
        while True:
            body: dict[str, Any] = self.http.post("/sim/advance", json={"until_ns": until_ns}).raise_for_status().json()
            if body["now_ns"] >= until_ns:
                return body

    def minutes(self, count: int) -> dict[str, Any]:
        """To the end of `count` further minutes."""
        return self.advance_to(self.simulator.now_ns // MINUTE_NS * MINUTE_NS + count * MINUTE_NS)

    def to_close(self) -> None:
        self.advance_to(TRADED.close_ns)

    def arm(self, name: str, count: int = 1, **options: Any) -> None:
        self.http.post("/sim/faults", json={"name": name, "count": count, **options}).raise_for_status()


def start(speed: float = 0.0, start_ns: int = TRADED.open_ns, config: VenueConfig | None = None, **keys: str) -> ServerThread:
    return ServerThread(Simulator(histories(), SESSIONS, start_ns, speed, config or VenueConfig(), **keys))


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Step mode, at the open of the second session."""
    headers = {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "secret"}
    with start() as server, httpx.Client(base_url=server.url, headers=headers) as http:
        yield Lab(server, http)


@pytest.fixture
def night() -> Iterator[Lab]:
    """Step mode, an hour before the pre-market of the second session: the market is closed."""
    with start(start_ns=TRADED.open_ns - 390 * MINUTE_NS) as server, httpx.Client(base_url=server.url) as http:
        yield Lab(server, http)


async def until(happened: Callable[[], object], limit_s: float = 10.0) -> None:
    """Wait for something that another thread or task brings about."""
    async with asyncio.timeout(limit_s):
        while not happened():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(stream: TradingStream | StockDataStream, ready: Callable[[], object]) -> AsyncIterator[None]:
    """The SDK's own endless loop as a task, until the block ends."""
    task = asyncio.create_task(stream._run_forever())
    try:
        await until(ready)
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await stream.close()
