"""Both streams against the simulated Alpaca: what they bring, what they survive, what they give up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.shell import scene
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderReport
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.broker.endpoints import Credentials, endpoints
from tradebot.shell.feeds import data_stream
from tradebot.shell.feeds.bar_wire import Bar
from tradebot.shell.feeds.correction import Correction
from tradebot.shell.feeds.data_stream import DataStream
from tradebot.shell.feeds.trade_stream import TradeStream
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.quiet import Quiet
from tradebot.sim.alpaca_server.server import ServerThread

OPEN_NS = scene.start_ns() + 300 * NS_PER_S


class Ears:
    """What a stream has said to its daemon."""

    def __init__(self) -> None:
        self.bars: list[Bar] = []
        self.reports: list[OrderReport] = []
        self.subscriptions = 0
        self.said: list[str] = []
        self.tally = FrameTally()

    def subscribed(self) -> None:
        self.subscriptions += 1

    def report(self, severity: str, message: str) -> None:
        self.said.append(message)

    def data(self, url: str, keys: Credentials = scene.KEYS) -> DataStream:
        where = endpoints(url).data_stream_url
        return DataStream(where, keys, scene.SYMBOLS, self.bars.extend, self.subscribed, lambda: None, self.report, Quiet(), self.tally)

    def trades(self, url: str, keys: Credentials = scene.KEYS) -> TradeStream:
        where = endpoints(url).trade_stream_url
        return TradeStream(where, keys, self.reports.append, self.subscribed, self.report, Quiet(), self.tally)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.005)


def advance(server: ServerThread, to_ns: int) -> None:
    while server.simulator.now_ns < to_ns:
        httpx.post(f"{server.url}/sim/advance", json={"until_ns": to_ns}, headers=scene.KEYS.headers()).raise_for_status()


def arm(server: ServerThread, name: str, **options: Any) -> None:
    httpx.post(f"{server.url}/sim/faults", json={"name": name, **options}, headers=scene.KEYS.headers()).raise_for_status()


async def test_bars_arrive_exactly_as_they_are_in_the_history() -> None:
    ears = Ears()
    with scene.market() as server:
        running = asyncio.create_task(ears.data(server.url).run())
        await until(lambda: ears.subscriptions)
        advance(server, OPEN_NS + 600 * NS_PER_S)
        await until(lambda: ears.tally.has(server.simulator.frames))
        running.cancel()
    spy = scene.histories()["SPY"]
    got = [b for b in ears.bars if b.symbol == "SPY" and b.minute_ns >= OPEN_NS]
    at = int(spy.minute_ns.searchsorted(OPEN_NS))
    assert [b.minute_ns for b in got] == spy.minute_ns[at : at + len(got)].tolist()
    assert [(b.open, b.high, b.low, b.close, b.volume) for b in got] == [
        tuple(int(getattr(spy, f)[at + i]) for f in ("open", "high", "low", "close", "volume")) for i in range(len(got))
    ]
    assert len(got) == 10


def test_trades_that_were_corrected_or_cancelled_are_told_with_their_minute() -> None:
    """Alpaca sends `c` and `x` to who subscribes to trades; whoever gets one journals it."""
    told: list[Correction] = []
    ears = Ears()
    stream = DataStream(
        "", scene.KEYS, scene.SYMBOLS, ears.bars.extend, ears.subscribed, lambda: None, ears.report, Quiet(), ears.tally,
        on_corrections=told.extend,
    )  # fmt: skip
    stream._read(
        json.dumps(
            [
                {"T": "c", "S": "SPY", "t": "2013-10-09T13:30:59.5Z", "x": "V", "oi": 7, "op": 165.8, "os": 100, "oc": ["@"],
                 "ci": 8, "cp": 165.9, "cs": 10, "cc": ["@"], "z": "A"},
                {"T": "x", "S": "SPY", "t": "2013-10-09T13:31:00Z", "i": 9, "x": "V", "p": 165.7, "s": 50, "a": "C", "z": "A"},
                {"T": "x", "S": "SPY", "t": "lunch", "i": 9, "p": 1, "s": 1, "a": "C"},
            ]
        )
    )  # fmt: skip
    assert [(c.minute_ns, c.kind, c.note) for c in told] == [
        (OPEN_NS, "trade corrected", "100 at 165.8 was 10 at 165.9"),
        (OPEN_NS + 60 * NS_PER_S, "trade cancelled", "trade 9: 50 at 165.7 (C)"),
    ]
    assert len(ears.said) == 1 and "refused a correction" in ears.said[0]


@pytest.mark.parametrize("fault", ["data_close", "data_abort", "data_407"])
async def test_a_lost_connection_comes_back(fault: str) -> None:
    ears = Ears()
    with scene.market() as server:
        running = asyncio.create_task(ears.data(server.url).run())
        await until(lambda: ears.subscriptions)
        arm(server, fault)
        advance(server, OPEN_NS + 120 * NS_PER_S)
        await until(lambda: ears.subscriptions == 2)
        before = len(ears.bars)
        advance(server, OPEN_NS + 240 * NS_PER_S)
        await until(lambda: len(ears.bars) > before)
        running.cancel()
    assert "data stream lost" in ears.said[0]


async def test_a_slot_that_is_held_is_not_knocked_at_before_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_stream.SLOT_HELD_S >= 90
    monkeypatch.setattr(data_stream, "SLOT_HELD_S", 2.0)
    ears = Ears()
    with scene.market() as server:
        arm(server, "data_406", hold_s=1.9)
        running = asyncio.create_task(ears.data(server.url).run())
        await until(lambda: ears.subscriptions)
        running.cancel()
    (lost,) = ears.said
    assert "again in 2.0 s: error 406" in lost


async def test_wrong_keys_and_a_feed_without_a_right_stop_the_daemon() -> None:
    wrong = Credentials("PKTEST", "canary-wrong")
    with scene.market() as server:
        for stream in (Ears().data(server.url, wrong), Ears().trades(server.url, wrong)):
            with pytest.raises(OperatorFault, match="ALPACA_API_KEY") as fault:
                await stream.run()
            assert "canary" not in str(fault.value)
        arm(server, "data_409")
        with pytest.raises(OperatorFault, match="refuses this feed"):
            await Ears().data(server.url).run()


async def test_trade_updates_arrive_and_a_new_connection_raises_a_doubt() -> None:
    ears = Ears()
    with scene.market() as server:
        running = asyncio.create_task(ears.trades(server.url).run())
        await until(lambda: ears.subscriptions)
        advance(server, OPEN_NS + 60 * NS_PER_S)
        order = {"symbol": "SPY", "qty": "5", "side": "buy", "type": "market", "time_in_force": "day", "client_order_id": "mine"}
        httpx.post(f"{server.url}/v2/orders", json=order, headers=scene.KEYS.headers()).raise_for_status()
        await until(lambda: any(r.filled_qty == 5 for r in ears.reports))
        arm(server, "trade_close")
        httpx.post(f"{server.url}/v2/orders", json=order | {"client_order_id": "next"}, headers=scene.KEYS.headers()).raise_for_status()
        await until(lambda: ears.subscriptions == 2)
        running.cancel()
    assert {r.client_order_id for r in ears.reports} == {"mine"}
    assert all(r.source == "stream" for r in ears.reports)
