"""The journal: every event with the commands that answered it, durable before any of them is obeyed.

SQLAlchemy Core on SQLite (WAL, full sync) or PostgreSQL by URL; one writer thread; integers stay integers. The loop's side is here,
the thread in `writer`, the tables in `schema`, reading for people in `reads`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec
from sqlalchemy import Engine, func, select

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, decode_event
from tradebot.core.domain.orders import OrderIntent
from tradebot.shell.store import chain, schema
from tradebot.shell.store.chain import CommandRow, check_snapshot, event_of
from tradebot.shell.store.database import connect, readable
from tradebot.shell.store.writer import Append, Barrier, Bulk, Mark, Snapshot, Stop, Writer


class Journal:
    """Open inside a running loop: `Journal.open(url)`; end with `await close()`."""

    WRITER: ClassVar[type[Writer]] = Writer

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._loop = loop
        with readable(), engine.connect() as connection:
            self._seq: int = connection.execute(select(func.coalesce(func.max(schema.events.c.seq), 0))).scalar_one()
            chained = chain.hash_of(connection, self._seq)
            newest = select(schema.events.c.ts_ns).where(schema.events.c.seq == self._seq)
            self.last_ns: int = connection.execute(newest).scalar_one_or_none() or 0  # stamp of the last event when it was opened
        self._writer = self.WRITER(engine, loop, chained)
        self._writer.start()

    @classmethod
    def open(cls, url: str) -> Journal:
        """Raises OperatorFault when the journal cannot be read and written or is newer than this program."""
        return cls(connect(url, create=True), asyncio.get_running_loop())

    @property
    def last_seq(self) -> int:
        """The sequence number given last; 0 in an empty journal."""
        return self._seq

    def append_soon(self, event: Event, commands: Sequence[Command]) -> int:
        """Hand over without waiting, for an event that nothing acts upon. Later appends are durable only after this one."""
        return self._append(event, commands, None)

    async def append(self, event: Event, commands: Sequence[Command]) -> int:
        """Durable on return. Raises OperatorFault when the journal cannot be written: then nothing may be acted upon."""
        done: asyncio.Future[None] = self._loop.create_future()
        seq = self._append(event, commands, done)
        await done
        return seq

    def _append(self, event: Event, commands: Sequence[Command], done: asyncio.Future[None] | None) -> int:
        self._raise_fault()
        self._seq += 1
        self._writer.jobs.put(Append(self._seq, event, commands, done))
        return self._seq

    def restore_bulk(self, seq: int, commands: Sequence[Command]) -> None:
        """Write the decisions of a replayed event that a crash may have cost. Existing rows stay."""
        self._writer.jobs.put(Bulk(seq, commands))

    def save_snapshot(self, seq: int, body: bytes, session: str | None = None) -> None:
        """Keep the engine's state as of event `seq`, the one that was appended last; goes out with the next commit.

        `session` is the day that it closes (ISO date).
        """
        assert seq == self._seq, "a snapshot of an event that is not the last"
        self._writer.jobs.put(Snapshot(seq, body, session))

    def mark(self, name: str, value: str) -> None:
        """Keep a small fact of the shell's own."""
        self._writer.jobs.put(Mark(name, value))

    async def flush(self) -> None:
        """Everything handed over so far is on disk on return. Raises as `append`."""
        self._raise_fault()
        done: asyncio.Future[None] = self._loop.create_future()
        self._writer.jobs.put(Barrier(done))
        await done
        self._raise_fault()

    async def close(self) -> None:
        """Write what waits and end the thread."""
        if self._writer.is_alive():
            self._writer.jobs.put(Stop())
            await asyncio.to_thread(self._writer.join)
        self._engine.dispose()

    def _raise_fault(self) -> None:
        if self._writer.fault is not None:
            raise self._writer.fault

    # Reading, before the daemon starts to act.

    def read_mark(self, name: str) -> str | None:
        with self._engine.connect() as connection:
            return connection.execute(select(schema.marks.c.value).where(schema.marks.c.name == name)).scalar_one_or_none()

    def records(self, after_seq: int = 0) -> Iterator[tuple[int, Event, tuple[CommandRow, ...]]]:
        """Events in order with the commands that answered them, checked against the hash chain.

        Raises OperatorFault that names the first one that is not as it was written, or cannot be read.
        """
        with readable(), self._engine.connect() as connection:
            for record in chain.verified(connection, after_seq):
                yield record.seq, event_of(record), record.commands

    def events(self, after_seq: int = 0) -> Iterator[tuple[int, Event]]:
        """`records` without the commands."""
        return ((seq, event) for seq, event, _ in self.records(after_seq))

    def last_event(self, kind: type[msgspec.Struct]) -> Event | None:
        """The newest event of a kind."""
        table = schema.events
        query = select(table.c.body).where(table.c.kind == kind.__name__).order_by(table.c.seq.desc()).limit(1)
        with self._engine.connect() as connection:
            body = connection.execute(query).scalar_one_or_none()
        return None if body is None else decode_event(body)

    def latest_snapshot(self) -> tuple[int, bytes] | None:
        """Raises OperatorFault when it is not as it was written, or not of the event that it names."""
        table = schema.snapshots
        with readable(), self._engine.connect() as connection:
            row = connection.execute(select(table).order_by(table.c.seq.desc()).limit(1)).one_or_none()
            if row is None:
                return None
            check_snapshot(connection, row)
        return row.seq, row.body

    def unresolved_intents(self) -> tuple[OrderIntent, ...]:
        """Intents that were durable but whose fate is not known: sent or not, the broker must be asked."""
        table = schema.intents
        query = select(table.c.body).where(table.c.state.in_(("intended", "unknown"))).order_by(table.c.seq)
        with self._engine.connect() as connection:
            return tuple(msgspec.msgpack.decode(body, type=OrderIntent) for body in connection.execute(query).scalars())

    def open_orders(self) -> tuple[str, ...]:
        """Broker ids of the orders that were live when the journal ended; a live leg's parent in its place."""
        table = schema.orders
        with self._engine.connect() as connection:
            rows = connection.execute(select(table.c.broker_id, table.c.parent_id).where(~table.c.is_terminal)).all()
        return tuple(sorted({row.parent_id or row.broker_id for row in rows}))

    def job_outcomes(self, session: str) -> dict[str, str]:
        """Outcome by job of a session (ISO date)."""
        table = schema.jobs
        with self._engine.connect() as connection:
            rows = connection.execute(select(table.c.job, table.c.outcome).where(table.c.session == session))
            return {row.job: row.outcome for row in rows}
