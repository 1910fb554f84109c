"""Start-up is recovery: the newest snapshot, then the journal's tail through the same `handle` that made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradebot.core.domain.events import Event
from tradebot.shell.engine_seam import EngineLike
from tradebot.shell.store.journal import Journal

EngineFactory = Callable[[bytes | None], EngineLike]


@dataclass(frozen=True, slots=True)
class Recovered:
    engine: EngineLike
    seq: int  # of the last event in the state; 0 = a new journal
    replayed: int
    last_event_ns: int  # stamp of the last replayed event; 0 = none


def recover(journal: Journal, engine_factory: EngineFactory, before_replay: Callable[[Event], None] | None = None) -> Recovered:
    """Build the engine as it was after the last durable event; its commands were obeyed then and are not obeyed again.

    `before_replay` sees each event first: the shell loads a promoted model there, as it did the first time.
    """
    snapshot = journal.latest_snapshot()
    seq, body = snapshot if snapshot is not None else (0, None)
    engine = engine_factory(body)
    replayed, last_ns = 0, 0
    for seq, event in journal.events(seq):  # noqa: B020 - continues from the snapshot's number
        if before_replay is not None:
            before_replay(event)
        commands = engine.handle(event)
        journal.restore_bulk(seq, commands)
        replayed += 1
        last_ns = event.ts_event_ns
    return Recovered(engine, seq, replayed, last_ns)
