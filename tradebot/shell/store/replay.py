"""A recorded day decided again by a fresh engine, and compared with what was recorded, bit for bit (I15).

    report = replay(url, engine_factory, first_ns, end_ns)

It begins at the newest snapshot that is older than the day, or at the journal's beginning. Everything from there to the end of the day is
compared: each command, each decision, and the state's hash wherever a snapshot was taken. The first difference ends it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select

from tradebot.core.domain.commands import Command, RecordDecision
from tradebot.core.domain.events import DaemonStarted, Event, ModelPromoted, decode_event
from tradebot.shell.store import chain, schema
from tradebot.shell.store.chain import Record, check_snapshot, event_of
from tradebot.shell.store.divergence import first_difference, shown
from tradebot.shell.store.projections import command_rows, encode
from tradebot.shell.store.reads import reading
from tradebot.shell.store.recovery import EngineFactory


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first record that came out otherwise. Values as text."""

    seq: int
    ts_ns: int
    event: str  # the kind of event that was answered
    kind: str  # of the command; "state" for the hash at a snapshot
    field: str
    recorded: str
    derived: str


@dataclass(slots=True)
class Replayed:
    """What was compared. `unwritten` decisions are those of the journal's last moments, which a crash cost before they were written."""

    first_seq: int = 0  # of the day
    last_seq: int = 0
    from_seq: int = 0  # the event after the snapshot that it began with
    events: Counter[str] = field(default_factory=Counter)  # of the day, by kind
    commands: Counter[str] = field(default_factory=Counter)
    unwritten: int = 0
    seals: int = 0  # states compared
    programs: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)  # model id and manifest hash
    state_sha256: str = ""
    divergence: Divergence | None = None


def replay(
    url: str, engine_factory: EngineFactory, first_ns: int, end_ns: int, before_replay: Callable[[Event], None] | None = None
) -> Replayed:
    """Decide the events of [first_ns, end_ns) again. `first_seq` 0: there is none.

    Raises OperatorFault for a journal that cannot be read or whose chain is broken.
    """
    with reading(url) as connection:
        found = Replayed()
        found.first_seq, found.last_seq = day_events(connection, first_ns, end_ns)
        if found.first_seq:
            _Again(connection, engine_factory, before_replay, found).run()
    return found


def day_events(connection: Connection, first_ns: int, end_ns: int) -> tuple[int, int]:
    """The first and the last event of a span of time; 0, 0 where there is none."""
    table = schema.events
    query = select(func.min(table.c.seq), func.max(table.c.seq)).where(table.c.ts_ns >= first_ns, table.c.ts_ns < end_ns)
    first, last = connection.execute(query).one()
    return first or 0, last or 0


class _Again:
    """One replay under way."""

    def __init__(
        self, connection: Connection, engine_factory: EngineFactory, before_replay: Callable[[Event], None] | None, found: Replayed
    ) -> None:
        self._connection = connection
        self._before_replay = before_replay
        self._found = found
        table = schema.snapshots
        query = select(table).where(table.c.seq < found.first_seq).order_by(table.c.seq.desc()).limit(1)
        snapshot = connection.execute(query).one_or_none()
        if snapshot is not None:
            check_snapshot(connection, snapshot)
        self._engine = engine_factory(None if snapshot is None else snapshot.body)
        found.from_seq = 1 if snapshot is None else snapshot.seq + 1
        self._note_start_before()
        self._decisions = _rows(connection, schema.decisions, found.from_seq, found.last_seq)
        self._seals = _rows(connection, schema.seals, found.from_seq, found.last_seq)
        self._last_decision = connection.execute(select(func.coalesce(func.max(schema.decisions.c.seq), 0))).scalar_one()

    def run(self) -> None:
        found = self._found
        for record in chain.verified(self._connection, found.from_seq - 1, found.last_seq):
            event = event_of(record)
            if self._before_replay is not None:
                self._before_replay(event)
            commands = self._engine.handle(event)
            difference = self._compare(record, commands)
            if difference is not None:
                found.divergence = Divergence(record.seq, record.ts_ns, record.kind, *difference)
                return
            if record.seq >= found.first_seq:
                self._count(event, commands)
        found.state_sha256 = sha256(self._engine.snapshot()).hexdigest()

    def _note_start_before(self) -> None:
        """The life in which the day began."""
        table, found = schema.events, self._found
        query = select(table.c.body).where(table.c.kind == DaemonStarted.__name__, table.c.seq < found.first_seq)
        body = self._connection.execute(query.order_by(table.c.seq.desc()).limit(1)).scalar_one_or_none()
        started = None if body is None else decode_event(body)
        if isinstance(started, DaemonStarted):
            found.configs.append(started.config)
            found.programs.append(started.program)

    def _compare(self, record: Record, commands: Sequence[Command]) -> tuple[str, str, str, str] | None:
        """Kind, field, recorded and derived value of the first difference."""
        derived = command_rows(commands)
        for recorded_row, derived_row in zip(record.commands, derived, strict=False):
            if recorded_row != derived_row:
                if recorded_row[:2] != derived_row[:2]:
                    return (
                        recorded_row[1],
                        "kind",
                        f"{recorded_row[1]} as command {recorded_row[0]}",
                        f"{derived_row[1]} as {derived_row[0]}",
                    )
                return recorded_row[1], *first_difference(recorded_row[2], derived_row[2])
        if len(record.commands) != len(derived):
            n, was_sent = min(len(record.commands), len(derived)), len(record.commands) > len(derived)
            _, kind, body = record.commands[n] if was_sent else derived[n]
            return (kind, "", shown(body), "nothing") if was_sent else (kind, "", "nothing", shown(body))
        return self._compare_decision(record, commands) or self._compare_state(record)

    def _compare_decision(self, record: Record, commands: Sequence[Command]) -> tuple[str, str, str, str] | None:
        recorded = self._decisions.get(record.seq)
        made = next((c.decision for c in commands if isinstance(c, RecordDecision)), None)
        if made is None:
            return None if recorded is None else ("RecordDecision", "", recorded.decision_id, "nothing")
        if recorded is None:
            if record.seq > self._last_decision:
                self._found.unwritten += 1
                return None
            return "RecordDecision", "", "nothing", made.decision_id
        body = encode(made)
        return None if body == recorded.body else ("RecordDecision", *first_difference(recorded.body, body))

    def _compare_state(self, record: Record) -> tuple[str, str, str, str] | None:
        seal = self._seals.get(record.seq)
        if seal is None:
            return None
        self._found.seals += 1
        derived = sha256(self._engine.snapshot()).digest()
        return None if derived == seal.state_sha256 else ("state", "sha256", seal.state_sha256.hex(), derived.hex())

    def _count(self, event: Event, commands: Sequence[Command]) -> None:
        found = self._found
        found.events[type(event).__name__] += 1
        found.commands.update(type(c).__name__ for c in commands)
        match event:
            case DaemonStarted(config=config, program=program):
                found.configs.append(config)
                found.programs.append(program)
            case ModelPromoted(model_id=model_id, manifest_sha256=manifest):
                found.models.append(f"{model_id} {manifest[:16]}")
            case _:
                pass


def _rows(connection: Connection, table: Any, first_seq: int, last_seq: int) -> dict[int, Any]:
    return {row.seq: row for row in connection.execute(select(table).where(table.c.seq >= first_seq, table.c.seq <= last_seq))}
