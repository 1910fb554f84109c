"""Start-up is recovery: the newest snapshot, then the journal's tail through the same `handle` that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tradebot.core.domain.commands import RecordFill, ReplaceOrder, SubmitOrder
from tradebot.core.domain.events import Event
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.engine_seam import EngineLike
from tradebot.shell.store.chain import CommandRow
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.projections import command_rows

BINDING: Final = frozenset(kind.__name__ for kind in (SubmitOrder, ReplaceOrder, RecordFill))
EngineFactory = Callable[[bytes | None], EngineLike]


@dataclass(frozen=True, slots=True)
class Recovered:
    engine: EngineLike
    seq: int  # of the last event in the state; 0 = a new journal
    replayed: int
    last_event_ns: int  # stamp of the last replayed event; 0 = none


def recover(journal: Journal, engine_factory: EngineFactory, before_replay: Callable[[Event], None] | None = None) -> Recovered:
    """Build the engine as it was after the last durable event; its commands were obeyed then and are not obeyed again.

    Raises OperatorFault when it answers with other orders or fills than were recorded: its books would not be those that were lived.
    `before_replay` sees each event first: the shell loads a promoted model there, as it did the first time.
    """
    snapshot = journal.latest_snapshot()
    seq, body = snapshot if snapshot is not None else (0, None)
    engine = engine_factory(body)
    replayed, last_ns = 0, 0
    for seq, event, recorded in journal.records(seq):  # noqa: B020 - continues from the snapshot's number
        if before_replay is not None:
            before_replay(event)
        commands = engine.handle(event)
        if binding(command_rows(commands)) != binding(recorded):
            raise OperatorFault(
                f"this program answers the journal's event {seq} with other orders than the one that wrote it: start that version and"
                " stop it cleanly, or move the journal aside to begin with the broker's books"
            )
        journal.restore_bulk(seq, commands)
        replayed += 1
        last_ns = event.ts_event_ns
    return Recovered(engine, seq, replayed, last_ns)


def binding(rows: Iterable[CommandRow]) -> list[tuple[str, bytes]]:
    """What was done in answer: orders that were sent and fills that were booked. How a person is told may differ between versions."""
    return [(kind, body) for _, kind, body in rows if kind in BINDING]
