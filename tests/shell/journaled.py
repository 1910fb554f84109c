"""Events and a small engine for journal tests; run as a program it appends until it is killed."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import numpy as np

from tests.shell.orders import intent
from tradebot.core.domain.commands import Command, RecordDecision, SubmitOrder
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import Event, MinuteClosed
from tradebot.shell.store.journal import Journal


def minute(i: int) -> MinuteClosed:
    units = np.array([1_000_000 + i, 0], np.int64)
    return MinuteClosed(
        ts_event_ns=i,
        minute_ns=i,
        symbols=("A", "B"),
        open=units,
        high=units,
        low=units,
        close=units,
        volume=units,
        present=np.array([True, False]),
    )


def decision(i: int) -> Decision:
    return Decision(
        f"d{i}", i, i, "m", "h", ("A", "B"), np.array([[0.5 + i], [np.nan]]), np.array([True, False]),
        np.array([0.7, np.nan]), np.array([1_000_000, 0]), 0.65, np.array([5, 0]), ("enter", "no bar"), (f"o{i}", ""),
    )  # fmt: skip


class Recorder:
    """An engine that counts minutes and wants one order for each."""

    def __init__(self, snapshot: bytes | None = None) -> None:
        self.seen: list[int] = [] if snapshot is None else msgspec.msgpack.decode(snapshot)

    def handle(self, event: Event) -> list[Command]:
        self.seen.append(event.ts_event_ns)
        if not isinstance(event, MinuteClosed):
            return []
        i = event.minute_ns
        return [RecordDecision(decision(i)), SubmitOrder(intent(f"o{i}", decided_ns=i))]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.seen)


async def append_until_killed(url: str) -> None:
    """Say a number only after its event is durable, as the pump acts only after that."""
    journal, engine = Journal.open(url), Recorder()
    for i in range(1_000_000):
        event = minute(i)
        await journal.append(event, engine.handle(event))
        print(i, flush=True)


if __name__ == "__main__":
    asyncio.run(append_until_killed(sys.argv[1]))
