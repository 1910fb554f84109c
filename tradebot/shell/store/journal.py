"""The journal: every event with the commands that answered it, durable before any of them is obeyed.

SQLAlchemy Core on SQLite (WAL, full sync) or PostgreSQL by URL; one writer thread; integers stay integers. The loop's side is here,
the thread in `writer`, the tables in `schema`, reading for people in `reads`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Engine, func, select

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, decode_event
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderIntent
from tradebot.shell.store import schema
from tradebot.shell.store.database import connect
from tradebot.shell.store.writer import Append, Barrier, Bulk, Mark, Snapshot, Stop, Writer

READ_BATCH = 1_000


class Journal:
    """Open inside a running loop: `Journal.open(url)`; end with `await close()`."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._loop = loop
        with engine.connect() as connection:
            self._seq: int = connection.execute(select(func.coalesce(func.max(schema.events.c.seq), 0))).scalar_one()
        self._writer = Writer(engine, loop)
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

    def save_snapshot(self, seq: int, body: bytes) -> None:
        """Keep the engine's state as of event `seq`; goes out with the next commit."""
        self._writer.jobs.put(Snapshot(seq, body))

    def mark(self, name: str, value: str) -> None:
        """Keep a small fact of the shell's own."""
        self._writer.jobs.put(Mark(name, value))

    async def flush(self) -> None:
        """Everything handed over so far is on disk on return."""
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

    def events(self, after_seq: int = 0) -> Iterator[tuple[int, Event]]:
        """Events in order. Raises OperatorFault when one cannot be read."""
        table = schema.events
        query = select(table.c.seq, table.c.body).where(table.c.seq > after_seq).order_by(table.c.seq)
        with self._engine.connect() as connection:
            for seq, body in connection.execute(query.execution_options(yield_per=READ_BATCH)):
                try:
                    yield seq, decode_event(body)
                except (msgspec.ValidationError, msgspec.DecodeError) as error:
                    raise OperatorFault(f"the journal's event {seq} cannot be read: {error}") from error

    def last_event(self, kind: type[msgspec.Struct]) -> Event | None:
        """The newest event of a kind."""
        table = schema.events
        query = select(table.c.body).where(table.c.kind == kind.__name__).order_by(table.c.seq.desc()).limit(1)
        with self._engine.connect() as connection:
            body = connection.execute(query).scalar_one_or_none()
        return None if body is None else decode_event(body)

    def latest_snapshot(self) -> tuple[int, bytes] | None:
        table = schema.snapshots
        with self._engine.connect() as connection:
            row = connection.execute(select(table.c.seq, table.c.body).order_by(table.c.seq.desc()).limit(1)).one_or_none()
        return None if row is None else (row.seq, row.body)

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
