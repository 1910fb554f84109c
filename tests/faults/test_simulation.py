"""The seeded simulation (scripts/simulate): days with faults hold every invariant, a seed is a history, and a bug is found.

More days than here: `scripts/simulate --days 10000 --jobs 2`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.simulation.faults import ELSEWHERE, FAULTS
from scripts.simulation.http import Answer, Question
from scripts.simulation.run import Outcome, simulate
from scripts.simulation.watch import INVARIANTS, Watch
from scripts.simulation.world import World
from tests.faults.pinned import PINNED, Pinned
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, OrderReported
from tradebot.core.domain.orders import OrderStatus, Side
from tradebot.core.state import Safety

REPOSITORY = Path(__file__).parents[2]
WORLDS_A_TEST = 5


def told(outcome: Outcome) -> str:
    if outcome.violation is None:
        return ""
    again = f"scripts/simulate --seed {outcome.seed} --days {outcome.day} --trace"
    return f"{outcome.violation.invariant}: {outcome.violation.words}\n{again}\n" + "\n".join(outcome.events)


@pytest.mark.parametrize("first", range(1, 16, WORLDS_A_TEST))
def test_worlds_of_ten_days(first: int) -> None:
    for seed in range(first, first + WORLDS_A_TEST):
        outcome = simulate(seed, 10)
        assert outcome.violation is None, told(outcome)
        assert outcome.counts["MinuteClosed"] > 2_000
        assert outcome.counts["entry"] > 5


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_alone(fault: Any) -> None:
    outcome = simulate(1_000 + FAULTS.index(fault), 1, (fault.name,))
    assert outcome.violation is None, told(outcome)


@pytest.mark.parametrize("pinned", PINNED, ids=lambda pinned: f"{pinned.seed}-{'-'.join(pinned.faults)}")
def test_what_was_found_once(pinned: Pinned) -> None:
    outcome = simulate(pinned.seed, pinned.days, pinned.faults)
    assert outcome.violation is None, f"{pinned.sentence}\n{told(outcome)}"


def test_a_seed_is_a_history() -> None:
    assert simulate(7, 2).trace == simulate(7, 2).trace != simulate(8, 2).trace


def test_the_hash_seed_of_python_does_not_matter() -> None:
    words = [sys.executable, "-c", "from scripts.simulation.run import simulate; print(simulate(7, 2).trace)"]
    traces = set()
    for seed in ("1", "2"):
        done = subprocess.run(words, cwd=REPOSITORY, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        traces.add(done.stdout.strip())
    assert len(traces) == 1, traces


def test_every_fault_of_the_catalogue_is_here_or_has_a_place() -> None:
    here = {fault.name for fault in FAULTS}
    assert len(here) == len(FAULTS)
    assert {f"F{n}" for n in range(1, 73)} <= here | ELSEWHERE.keys()


# ---- A simulation that can't fail proves nothing: each of these breaks one thing.


def sends_twice(world: World, watch: Watch) -> None:
    """A wire that carries every order twice, the second time under another id."""
    serve, count = world.broker._serve, [0]

    def twice(question: Question) -> Answer:
        answer = serve(question)
        if question.method == "POST" and question.path == "/v2/orders" and answer.status_code < 300:
            count[0] += 1
            body = question.body.replace(b'"client_order_id":"', f'"client_order_id":"again{count[0]}-'.encode())
            serve(Question("POST", question.path, {}, body))
        return answer

    world.broker._serve = twice  # type: ignore[method-assign]


class _Broken:
    """An engine with one thing wrong."""

    def __init__(self, engine: Any, wrong: Callable[[Any, Event], Event | None]) -> None:
        self._engine = engine
        self._wrong = wrong

    @property
    def state(self) -> Any:
        return self._engine.state

    def handle(self, event: Event) -> list[Command]:
        taken = self._wrong(self._engine, event)
        return self._engine.handle(taken) if taken is not None else []

    def snapshot(self) -> bytes:
        data: bytes = self._engine.snapshot()
        return data


def with_engine(wrong: Callable[[Any, Event], Event | None]) -> Callable[[World, Watch], None]:
    def hook(world: World, watch: Watch) -> None:
        make = world.make_engine
        world.make_engine = lambda snapshot: _Broken(make(snapshot), wrong)  # type: ignore[assignment, method-assign, return-value]

    return hook


def loses_a_fill(engine: Any, event: Event) -> Event | None:
    """Whoever sells is not heard."""
    is_sale = isinstance(event, OrderReported) and event.report.side is Side.SELL and event.report.status is OrderStatus.FILLED
    return None if is_sale else event


def loosens(engine: Any, event: Event) -> Event | None:
    """Safety that loosens by itself."""
    if engine.state.safety is not Safety.ACTIVE:
        engine.state.safety = Safety.ACTIVE
    return event


def counts_twice(engine: Any, event: Event) -> Event | None:
    """Cash that appears from nowhere."""
    if isinstance(event, OrderReported) and event.report.status is OrderStatus.FILLED:
        engine.state.book.cash_units += 1
    return event


def forgets_the_intent(world: World, watch: Watch) -> None:
    """A journal that says durable and is not."""
    world.disk.committed = lambda batch: None


@pytest.mark.parametrize(
    ("hook", "only", "found_by"),
    [
        (sends_twice, ("F20",), ("I1",)),
        (with_engine(loses_a_fill), ("F20",), ("I4", "I7", "I11", "I13", "I15")),
        (with_engine(counts_twice), ("F20",), ("I13",)),
        (with_engine(loosens), ("F67",), ("I8",)),
        (forgets_the_intent, ("F20",), ("I2",)),
    ],
    ids=["sends_twice", "loses_a_fill", "counts_twice", "loosens", "forgets_the_intent"],
)
def test_a_bug_is_found(hook: Callable[[World, Watch], None], only: Sequence[str], found_by: Sequence[str]) -> None:
    outcomes = [simulate(seed, 2, only, hook=hook) for seed in (21, 22)]
    broken = {o.violation.invariant for o in outcomes if o.violation is not None}
    assert broken & set(found_by), (broken, [told(o) for o in outcomes])
    assert broken <= INVARIANTS.keys()
