"""The stream faults of FIELD.md section 4.2, F46 to F54, each with its outcome. Those without a test here have theirs where they are named.

F46 connected but mute      test_daemon "data socket is mute"; a standby takes over: test_failover
F47 reconnect storm, 406    here; test_streams: a slot that is held is not knocked at before it is free
F48 twice, reordered, late  test_daemon "trade updates come twice"; here reordered; bars: test_assembler, test_minute_feed
F49 fill event dropped      test_daemon "trade updates are lost": polling finds the fill
F50 gap, then a burst       here; quotes after a gap: test_quotes
F51 corrected bar, bust     test_failover: journaled, nothing rewritten; test_streams: trades corrected or cancelled
F52 crossed quote, price 0  here and test_bar_wire; a hundredfold price: playbook/test_feeds, core/selection/test_price_jump
F53 missing symbol          here
F54 wrong symbol            here
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.shell import scene
from tests.unit.shell.test_minute_feed import FINE, OPEN, SYMBOLS, Weather, World, check, minutes_of
from tradebot.core.domain.commands import Command, RecordDecision
from tradebot.core.domain.events import Event, MinuteClosed
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker import rest as rest_module
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds.bar_wire import Bar
from tradebot.shell.feeds.data_stream import DataStream
from tradebot.shell.feeds.polygon_host import polygon_host
from tradebot.shell.feeds.polygon_stream import PolygonStream
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.quiet import Quiet

SESSION = scene.sessions().on(scene.DAY)
assert SESSION is not None
OPEN_NS = SESSION.open_ns


@pytest.mark.parametrize("kind", ["alpaca", "massive"])
async def test_f47_a_server_that_hangs_up_at_once_is_not_stormed(kind: str) -> None:
    """Half the backoff at least lies between two attempts: 0.125, 0.25, 0.5 s and so on."""
    knocked: list[float] = []

    async def hang_up(socket: ServerConnection) -> None:
        knocked.append(time.monotonic())
        await socket.close()

    def nothing(*said: object) -> None:
        pass

    async with serve(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        if kind == "alpaca":
            url = f"ws://127.0.0.1:{port}/v2/iex"
            stream: DataStream | PolygonStream = DataStream(
                url, scene.KEYS, ("SPY",), nothing, nothing, nothing, nothing, Quiet(), FrameTally()
            )
        else:
            host = polygon_host("k", f"http://127.0.0.1:{port}")
            stream = PolygonStream(host, ("SPY",), nothing, nothing, nothing, nothing, Quiet(), FrameTally())
        running = asyncio.create_task(stream.run())
        await asyncio.sleep(1.5)
        running.cancel()
    gaps = np.diff(knocked)
    assert 2 <= len(knocked) <= 5
    assert all(gap >= 0.125 * 2**n for n, gap in enumerate(gaps))


async def test_f48_trade_updates_out_of_order_leave_the_same_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.02)
    with scene.market(venue=scene.PARTIAL_FILLS) as server:
        httpx.post(f"{server.url}/sim/faults", json={"name": "trade_reorder", "count": 200}).raise_for_status()
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state", stop_at_ns=OPEN_NS + 60 * NS_PER_MINUTE))
        orders = list(server.simulator.venue.orders.values())
    assert summary.differences == ()
    assert len({order.client_order_id for order in orders}) == len(orders) > 5


async def test_f50_after_a_gap_a_burst_closes_each_minute_once_and_in_order() -> None:
    """Six minutes of silence, then all bars of them in one go, newest first, and the last of them twice."""
    silence = Weather("mute", rest=False)
    world = World({"iex": [FINE, FINE, *[silence] * 8]})
    await world.live(8)
    assert len(minutes_of(world.events)) == 2
    (source,) = world.sources
    burst = [bar for minute in reversed(range(2, 8)) for bar in (*world.bars("iex", minute), *world.bars("iex", minute))]
    world.feed.on_bars(source, burst)
    await world.settle()
    check(world.events)
    closed = minutes_of(world.events)
    assert len(closed) == 8
    assert all(m.present.all() for m in closed)
    # They say when they were known, so that the engine learns from them and trades on none that is too old.
    assert closed[2].ts_event_ns - closed[2].minute_ns > 6 * NS_PER_MINUTE


async def test_f50_what_the_burst_brings_is_not_traded_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.001)
    reasons: dict[int, set[str]] = {}

    def observe(event: Event, commands: Sequence[Command]) -> None:
        if not isinstance(event, MinuteClosed) or event.minute_ns < OPEN_NS:
            return
        if event.minute_ns == OPEN_NS + 20 * NS_PER_MINUTE:
            for name, options in (("data_mute", {}), ("http_503_html", {"method": "GET", "path": "/v2/stocks/bars"})):
                httpx.post(f"{server.url}/sim/faults", json={"name": name, "count": 40, **options}).raise_for_status()
        for command in commands:
            if isinstance(command, RecordDecision):
                late_s = (event.ts_event_ns - event.minute_ns - NS_PER_MINUTE) / NS_PER_S
                if late_s > 30.0:
                    reasons[event.minute_ns] = {r for r in command.decision.reasons if "enter" in r or r.startswith("refused")}

    with scene.market() as server:
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state", observer=observe, stop_at_ns=OPEN_NS + 50 * NS_PER_MINUTE))
    assert summary.differences == ()
    assert reasons
    for said in reasons.values():
        assert all(reason.startswith("refused: bar late by ") for reason in said)


def test_f52_a_crossed_quote_is_told_as_it_is_and_is_no_spread_to_place_an_order_by() -> None:
    ones = np.ones(1, np.int64)
    for bid, ask, spread in ((99, 101, 2), (101, 99, 0), (100, 100, 0), (0, 101, 0)):
        minute = MinuteClosed(
            ts_event_ns=1, minute_ns=0, symbols=("A",), open=ones, high=ones, low=ones, close=ones, volume=ones,
            present=np.ones(1, np.bool_), tape=np.array([[bid, ask, 1, 1, 1]], np.int64),
        )  # fmt: skip
        assert minute.spread_units(0) == spread


async def test_f53_a_symbol_that_never_comes_costs_the_others_nothing(tmp_path: Path) -> None:
    universe = (*scene.SYMBOLS, "ZZZ")
    minutes: list[MinuteClosed] = []
    entered: list[str] = []

    def observe(event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, MinuteClosed) and event.minute_ns >= OPEN_NS:
            minutes.append(event)
            for command in commands:
                if isinstance(command, RecordDecision):
                    decision = command.decision
                    assert decision.reasons[decision.symbols.index("ZZZ")] == "no valid features: bar missing or warming up"
                    entered.extend(s for s, reason in zip(decision.symbols, decision.reasons, strict=True) if reason == "enter")

    with scene.market() as server:
        end_ns = OPEN_NS + 40 * NS_PER_MINUTE
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state", universe=universe, observer=observe, stop_at_ns=end_ns))
    assert summary.differences == ()
    assert [m.minute_ns for m in minutes] == [OPEN_NS + i * NS_PER_MINUTE for i in range(len(minutes))]
    assert not any(m.present[universe.index("ZZZ")] for m in minutes)
    assert len(entered) > 3


async def test_f54_bars_under_another_name_are_nobodys() -> None:
    """After a rename the wire tells of a symbol that nobody asked for: it is told, and the old one has no bar."""
    world = World({"iex": [FINE] * 3})
    said: list[str] = []
    world.feed._report = lambda severity, message: said.append(message)
    await world.live(2)
    (source,) = world.sources
    world.feed.on_bars(source, [Bar("META", OPEN + NS_PER_MINUTE, 1, 1, 1, 1, 1)])
    await world.settle()
    assert said == [f"bar of META {OPEN + NS_PER_MINUTE} is of a symbol that nobody asked for"]
    assert all(m.symbols == SYMBOLS for m in minutes_of(world.events))
