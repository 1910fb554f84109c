"""Clocks: real alarms through APScheduler, a faster day, and time that moves only by steps."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.shell import scene
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell import clock as clock_module
from tradebot.shell.broker.alpaca import read_clock
from tradebot.shell.broker.rest import Rest
from tradebot.shell.choose_clock import clock_from_broker
from tradebot.shell.clock import AffineClock, wall_clock
from tradebot.shell.lockstep import FrameTally, LockstepClock
from tradebot.shell.quiet import Quiet

Said = list[tuple[str, str]]


def into(said: Said) -> Any:
    return lambda severity, message: said.append((severity, message))


async def test_an_alarm_rings_on_the_wall_at_its_instant_and_not_before() -> None:
    clock = wall_clock(time.time_ns(), 0, into([]))
    rung: list[int] = []
    due_ns = clock.now_ns() + 300_000_000
    clock.call_at(due_ns, lambda: rung.append(clock.now_ns()), "soon")
    silenced = clock.call_at(due_ns, lambda: rung.append(-1), "never")
    silenced.cancel()
    while not rung:
        await asyncio.sleep(0.01)
    silenced.cancel()  # too late: no matter
    assert rung[0] >= due_ns
    assert len(rung) == 1
    clock.close()


async def test_an_accelerated_clock_maps_its_alarms_to_the_wall() -> None:
    clock = AffineClock(scene.start_ns(), 600.0, into([]))
    order: list[int] = []
    done = asyncio.Event()
    for minutes in (3, 1, 2):
        due_ns = scene.start_ns() + minutes * 60 * NS_PER_S
        clock.call_at(due_ns, lambda due_ns=due_ns: order.append(due_ns) or (len(order) == 3 and done.set()), "x")  # type: ignore[misc]
    await asyncio.wait_for(done.wait(), 30)
    assert order == sorted(order)
    assert clock.now_ns() >= order[-1]
    clock.close()


async def test_a_missed_alarm_is_reported_and_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "MISFIRE_S", 1)
    said: Said = []
    clock = wall_clock(time.time_ns(), 0, into(said))
    missed = asyncio.Event()
    rung: list[int] = []
    clock.call_at(clock.now_ns() + 100_000_000, lambda: rung.append(1), "flatten", missed.set)
    time.sleep(2.5)  # the machine sleeps: the loop sees nothing of it
    await asyncio.wait_for(missed.wait(), 30)
    assert rung == []
    assert [(s, "flatten" in m) for s, m in said] == [("critical", True)]
    clock.close()


async def test_a_clock_that_differs_from_the_brokers_is_reported() -> None:
    said: Said = []
    wall_clock(time.time_ns() + 1 * NS_PER_S, 0, into(said)).close()
    assert said == []
    wall_clock(time.time_ns() - 5 * NS_PER_S, 0, into(said)).close()
    assert "differs from the broker's by -5" in said[0][1]


async def test_a_clock_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = wall_clock(time.time_ns(), 0, into([]))
    before = clock.now_ns()
    real = time.time_ns
    monkeypatch.setattr(clock_module.time, "time_ns", lambda: real() - 3_600 * NS_PER_S)
    assert clock.now_ns() >= before
    monkeypatch.undo()
    clock.close()


@pytest.mark.parametrize(("speed", "pace", "kind"), [(0.0, 0.0, LockstepClock), (50.0, 50.0, AffineClock)])
async def test_the_brokers_clock_chooses_ours(speed: float, pace: float, kind: type) -> None:
    with scene.market(speed=speed) as server:
        rest = Rest(server.url, scene.KEYS)
        fact, answer_ns = await read_clock(rest)
        clock = clock_from_broker(fact, answer_ns, rest, Quiet(), FrameTally(), into([]))
        assert isinstance(clock, kind)
        assert clock.pace == pace
        clock.close()
        await rest.close()


async def test_stepped_time_waits_for_work_under_way_and_rings_in_order() -> None:
    with scene.market() as server:
        rest = Rest(server.url, scene.KEYS)
        quiet, start = Quiet(), scene.start_ns()
        clock = LockstepClock(start, rest.get, rest.post_json, quiet, FrameTally(), lambda: rest.changes, into([]))
        rung: list[tuple[str, int]] = []
        done = asyncio.Event()

        def begin_work() -> None:
            rung.append(("work begins", clock.now_ns()))
            quiet.begin()
            asyncio.get_running_loop().call_later(0.2, end_work)

        def end_work() -> None:
            rung.append(("work ends", clock.now_ns()))
            quiet.end()

        clock.call_at(start + 90 * NS_PER_S, lambda: (rung.append(("last", clock.now_ns())), done.set()), "last")  # type: ignore[arg-type, return-value]
        clock.call_at(start + 60 * NS_PER_S, begin_work, "work")
        clock.call_at(start + 60 * NS_PER_S, lambda: rung.append(("same instant", clock.now_ns())), "same")
        clock.call_at(start + 70 * NS_PER_S, lambda: rung.append(("never", 0)), "never").cancel()
        running = asyncio.create_task(clock.run())
        await asyncio.wait_for(done.wait(), 30)
        running.cancel()
        await rest.close()
    minute, last = start + 60 * NS_PER_S, start + 90 * NS_PER_S
    assert rung == [("work begins", minute), ("work ends", minute), ("same instant", minute), ("last", last)]


async def test_stepped_time_waits_for_the_frames_that_were_sent() -> None:
    """A stub that counts one frame more than has been received: the next step must not come before it."""
    tally, quiet, steps = FrameTally(), Quiet(), list[int]()
    tally.connected("data")

    async def post(path: str, body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.001)  # as any wire does
        steps.append(len(steps) + 1)
        return {"now_ns": len(steps), "frames": {"trade_updates": 0, "data": 1}, "done": False}

    async def get(path: str) -> Any:
        return {"frames": {"trade_updates": 0, "data": 1}}

    clock = LockstepClock(0, get, post, quiet, tally, lambda: 0, into([]))
    running = asyncio.create_task(clock.run())
    await asyncio.sleep(0.2)
    assert steps == [1]
    tally.received("data")
    while len(steps) < 3:
        await asyncio.sleep(0.01)
    running.cancel()
