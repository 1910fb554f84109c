"""What the engine perceives beside the bars is the same over the wire as in process: trade counts, quotes, macro values."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from tests.shell import scene
from tradebot.core.domain.bars import TAPE, BarColumns, Float, market_grid
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.tape import TRADES, without_quotes
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds import reconnect
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue

FIRST_DAY = dt.date(2013, 10, 4)
END_NS = scene.start_ns() + 95 * NS_PER_MINUTE  # an hour and a half


@cache
def counted() -> Mapping[str, BarColumns]:
    """The scene's bars, whose quotes are real, with trade counts that nobody could guess."""
    return {s: replace(bars, trades=bars.volume // 97 + bars.open % 5) for s, bars in scene.until(scene.DAY).items()}


def macro(date: dt.date) -> Float:
    """Yields are unknown on some days, everything on others."""
    return np.array([20.0 + date.day, np.nan, 2.5]) if date.day % 2 else np.full(3, np.nan)


def in_process(bars: Mapping[str, BarColumns], *, quotes: bool) -> dict[int, MinuteClosed]:
    sessions = [s for s in scene.sessions().sessions if FIRST_DAY <= s.date <= scene.DAY]
    seen = [bars[s] if quotes else without_quotes(bars[s]) for s in scene.SYMBOLS]
    grid = market_grid(seen, sessions, np.array([macro(s.date) for s in sessions]))
    simulation = Simulation(scene.new_engine(None), Venue(bars, scene.sessions(), scene.start_ns(), scene.VENUE), grid)
    return watched(simulation)


def watched(simulation: Simulation) -> dict[int, MinuteClosed]:
    minutes: list[MinuteClosed] = []
    simulation.observer = lambda event, commands: minutes.extend([event] if isinstance(event, MinuteClosed) else [])
    simulation.run("cents")
    return bare(minutes)


def bare(minutes: Sequence[MinuteClosed]) -> dict[int, MinuteClosed]:
    """By minute, without when and whence they came."""
    return {m.minute_ns: msgspec.structs.replace(m, ts_event_ns=0, feed="") for m in minutes}


async def over_the_wire(url: str, state: Path, **changes: Any) -> dict[int, MinuteClosed]:
    minutes: list[MinuteClosed] = []

    def observe(event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, MinuteClosed):
            minutes.append(event)

    parts = scene.parts(url, state, **({"observer": observe, "stop_at_ns": END_NS, "macro": macro} | changes))
    assert (await run_daemon(parts)).differences == ()
    return bare(minutes)


def differing(found: dict[int, MinuteClosed], expected: dict[int, MinuteClosed]) -> list[int]:
    return [m for m, minute in found.items() if minute != expected[m]]


def known(minutes: dict[int, MinuteClosed], first_ns: int, column: str) -> float:
    """The share of the bars since `first_ns` that have something in a column of the tape."""
    live = [m for m in minutes.values() if m.minute_ns >= first_ns]
    rows = [m.tape[m.present, TAPE.index(column)] if m.tape is not None else np.zeros(int(m.present.sum())) for m in live]
    return float((np.concatenate(rows) > 0).mean())


async def test_trades_quotes_and_macro_values_are_the_same_over_the_wire_as_in_process(tmp_path: Path) -> None:
    expected = in_process(counted(), quotes=True)
    with scene.market(bars=counted()) as server:
        found = await over_the_wire(server.url, tmp_path, quotes=True)
    assert differing(found, expected) == []
    assert len([m for m in found if m >= scene.start_ns()]) == 90
    assert known(found, scene.start_ns(), "trades") == 1.0
    assert min(known(found, scene.start_ns(), c) for c in ("bid", "ask", "bid_size", "ask_size")) > 0.98
    warm_up = {m: minute for m, minute in found.items() if m < scene.start_ns()}
    assert known(warm_up, 0, "trades") == 1.0
    assert known(warm_up, 0, "bid") == 0.0  # the wire brings no past quotes, so nobody has them
    assert {minute.macro is None for minute in warm_up.values()} == {True}
    assert found[max(found)].macro is not None


async def test_a_profile_without_quotes_perceives_none_and_bars_without_trade_counts_have_no_tape(tmp_path: Path) -> None:
    for name, bars in (("counted", counted()), ("bare", scene.until(scene.DAY))):
        expected = in_process(bars, quotes=False)
        with scene.market(bars=bars) as server:
            found = await over_the_wire(server.url, tmp_path / name)
        assert differing(found, expected) == [], name
        assert {m.tape is None for m in found.values()} == {name == "bare"}, name


async def test_an_assumed_quote_is_no_observation(tmp_path: Path) -> None:
    """The venue fills at an assumed spread where a file has no quotes; the engine must not take it for one that somebody made."""
    bars = {s: without_quotes(b) for s, b in counted().items()}
    expected = in_process(bars, quotes=True)
    with scene.market(bars=bars) as server:
        found = await over_the_wire(server.url, tmp_path, quotes=True)
    assert differing(found, expected) == []
    assert known(found, 0, "bid") == 0.0


async def test_a_daemon_that_starts_in_mid_session_knows_the_quotes_that_stand(tmp_path: Path) -> None:
    expected = in_process(counted(), quotes=True)
    late_ns = scene.start_ns() + 30 * NS_PER_MINUTE
    with scene.market(bars=counted()) as server:
        while server.simulator.now_ns < late_ns + 20 * 10**9:
            await asyncio.to_thread(post, server.url, "advance", {"until_ns": late_ns + 20 * 10**9})
        found = await over_the_wire(server.url, tmp_path, quotes=True)
    assert differing({m: minute for m, minute in found.items() if m >= late_ns}, expected) == []
    assert known(found, late_ns, "bid") > 0.98


def post(url: str, name: str, body: dict[str, Any]) -> None:
    httpx.post(f"{url}/sim/{name}", json=body, headers=scene.KEYS.headers()).raise_for_status()


@pytest.mark.parametrize("fault", ["data_close", "data_abort", "data_mute"])
async def test_a_quote_that_may_be_stale_is_absent_and_never_wrong(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a gap in the stream the latest quotes are asked for; until they are there, nothing stands. The trades come over REST."""
    monkeypatch.setattr(reconnect, "BACKOFF_S_MIN", 0.0)
    expected = in_process(counted(), quotes=True)
    struck_ns = scene.start_ns() + 35 * NS_PER_MINUTE
    minutes: list[MinuteClosed] = []

    with scene.market(bars=counted()) as server:

        def observe(event: Event, commands: Sequence[Command]) -> None:
            if isinstance(event, MinuteClosed):
                minutes.append(event)
                if event.minute_ns == struck_ns:
                    post(server.url, "faults", {"name": fault, "count": 1})

        await over_the_wire(server.url, tmp_path, quotes=True, observer=observe)
    found = bare(minutes)
    differ = differing(found, expected)
    assert differ
    assert all(struck_ns < minute_ns < struck_ns + 30 * NS_PER_MINUTE for minute_ns in differ)
    for minute_ns in differ:
        theirs, ours = expected[minute_ns].tape, found[minute_ns].tape
        assert theirs is not None
        assert ours is not None
        assert ((ours == theirs) | (ours == 0)).all()
        assert (ours[:, TRADES] == theirs[:, TRADES]).all()


async def test_a_symbol_limit_costs_the_quotes_and_not_the_bars(tmp_path: Path) -> None:
    said: list[str] = []
    with scene.market(bars=counted()) as server:
        post(server.url, "faults", {"name": "data_405", "count": 1})
        found = await over_the_wire(
            server.url, tmp_path, quotes=True, report=lambda severity, message: said.append(f"{severity} {message}")
        )
    assert "critical the data stream gives no quotes of 4 symbols: error 405: symbol limit exceeded" in said
    live = [m for m in found.values() if m.minute_ns >= scene.start_ns()]
    assert len(live) == 90


async def test_a_macro_series_that_breaks_stops_no_daemon(tmp_path: Path) -> None:
    said: list[str] = []

    def broken(date: dt.date) -> Float:
        raise OperatorFault("vix.csv: row 3: value 'high' is not a number")

    with scene.market(bars=counted()) as server:
        found = await over_the_wire(server.url, tmp_path, macro=broken, report=lambda severity, message: said.append(message))
    assert {minute.macro is None for minute in found.values()} == {True}
    assert f"no macro values for {scene.DAY}: vix.csv: row 3: value 'high' is not a number" in said
