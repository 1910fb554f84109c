"""The journal's one writer thread: takes what waits, writes it in one transaction, commits with full sync, says so.

Bulky rows (decisions, predictions) go out in an idle moment, or when many wait: they do not delay an order. Blocking
on the queue (not polling) right after a commit gives the interpreter lock back at once to the loop that waits for the answer.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import structlog
from sqlalchemy import (
    ColumnElement,
    Dialect,
    Engine,
    PoolProxiedConnection,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.crash_points import reach
from tradebot.shell.store import schema, statements
from tradebot.shell.store.file_place import FilePlace, is_locked
from tradebot.shell.store.projections import Rows, bulky_rows, durable_rows

IDLE_S: Final = 0.02
BATCH_MAX: Final = 256
LATER_MAX: Final = 64
CHECKPOINT_COMMITS: Final = 400  # in an idle moment
CHECKPOINT_COMMITS_FORCED: Final = 8_000  # even without one: the log must not grow for ever
LOCKED_S_MAX: Final = 30.0  # for another process that holds the lock
CLOSINGS_KEPT: Final = 10  # snapshots of session closes: a replay of the days since needs nothing older

# Where a transaction may be cut short: just before the rows of a table, and with them inside but not committed.
BEFORE: Final = {"intents": "intent_not_written", "fills": "fill_not_written", "snapshots": "snapshot_not_written"}
UNCOMMITTED: Final = {
    "intents": "intent_not_committed",
    "fills": "fill_not_committed",
    "snapshots": "snapshot_not_committed",
    "decisions": "bulk_not_committed",
}


@dataclass(frozen=True, slots=True)
class Append:
    seq: int
    event: Event
    commands: Sequence[Command]
    done: asyncio.Future[None] | None


@dataclass(frozen=True, slots=True)
class Bulk:
    """Projections of an event that is already in the journal (recovery)."""

    seq: int
    commands: Sequence[Command]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Of the event that was handed over last. `session` is the day that it closes."""

    seq: int
    body: bytes
    session: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Barrier:
    """Answered when everything before it, bulky rows included, is on disk."""

    done: asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class Stop:
    pass


Job = Append | Bulk | Snapshot | Mark | Barrier | Stop


class Writer(threading.Thread):
    """`chained` is the hash of the event that was written last (store/chain.py)."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop, chained: bytes) -> None:
        super().__init__(name="journal", daemon=True)
        self.fault: OperatorFault | None = None
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._engine = engine
        self._loop = loop
        self._chained = chained
        self._later: list[tuple[int, Sequence[Command]]] = []
        self._waiting: Sequence[asyncio.Future[None]] = ()
        self._commits = 0
        self._plan = _plan(engine.dialect)
        self._place = FilePlace(engine.url)

    def run(self) -> None:
        ended = False
        try:
            connection = self._engine.raw_connection()
            self._serve(connection)
            connection.close()
            ended = True
        finally:
            if not ended:  # a bug: the thread's traceback is printed, and nobody may wait for it for ever
                self.fault = OperatorFault("the journal's writer ended unexpectedly")
                self._loop.call_soon_threadsafe(self._abandon, self.fault)

    def _abandon(self, fault: OperatorFault) -> None:
        """On the loop, which alone hands jobs over: what waits is answered, and whoever comes later sees the fault first."""
        waiting = list(self._waiting)
        while not self.jobs.empty():
            job = self.jobs.get_nowait()
            if isinstance(job, Append | Barrier) and job.done is not None:
                waiting.append(job.done)
        _answer(waiting, fault)

    def _serve(self, connection: PoolProxiedConnection) -> None:
        while True:
            batch = self._next_batch()
            if not batch:
                self._write(connection, [])
                self._checkpoint(connection, CHECKPOINT_COMMITS)
                continue
            self._write(connection, batch)
            self._checkpoint(connection, CHECKPOINT_COMMITS_FORCED)
            if isinstance(batch[-1], Stop):
                self._checkpoint(connection, 0)
                return

    def _next_batch(self) -> list[Job]:
        """Wait for a job, then take along what else waits. Empty: an idle moment, for what may wait."""
        may_wait = self._later or self._commits > CHECKPOINT_COMMITS
        try:
            batch = [self.jobs.get(timeout=IDLE_S if may_wait else None)]
        except queue.Empty:
            return []
        while len(batch) < BATCH_MAX and not isinstance(batch[-1], Stop):
            try:
                batch.append(self.jobs.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, connection: PoolProxiedConnection, batch: Sequence[Job]) -> None:
        """One transaction: the batch, and the bulky rows when there is time, too many of them, or someone waits for all."""
        self._waiting = [job.done for job in batch if isinstance(job, Append | Barrier) and job.done is not None]
        rows: Rows = defaultdict(list)
        if self.fault is None:
            for job in batch:
                self._collect(rows, job)
            if not batch or len(self._later) > LATER_MAX or any(isinstance(job, Barrier | Snapshot | Stop) for job in batch):
                for seq, commands in self._later:
                    bulky_rows(rows, seq, commands)
                self._later.clear()
            self._commit_patiently(connection, rows)
        if self._waiting:
            self._loop.call_soon_threadsafe(_answer, self._waiting, self.fault)

    def _commit_patiently(self, connection: PoolProxiedConnection, rows: Rows) -> None:
        """What is locked by another process is waited for; everything else that cannot be written is the end of all new risk (I14)."""
        give_up = time.monotonic() + LOCKED_S_MAX
        while True:
            try:
                self._transact(connection, rows)
                self._place.check()
                return
            except self._engine.dialect.loaded_dbapi.Error as error:
                connection.rollback()
                if not is_locked(error) or time.monotonic() >= give_up:
                    self.fault = OperatorFault(f"cannot write the journal: {error}; nothing is sent, what rests at the broker stays there")
                    return
                structlog.get_logger("tradebot").warning("another process holds the journal's lock: nothing is sent until it lets go")
            except OperatorFault as fault:
                self.fault = fault
                return

    def _transact(self, connection: PoolProxiedConnection, rows: Rows) -> None:
        cursor = connection.cursor()
        for name, statement in self._plan:
            if name in rows:
                if name in BEFORE:
                    reach(BEFORE[name])
                statement.run(cursor, rows[name])
        cursor.close()
        for name in UNCOMMITTED.keys() & rows.keys():
            reach(UNCOMMITTED[name])
        connection.commit()
        if "intents" in rows:
            reach("intent_not_announced")
        self._commits += 1

    def _collect(self, rows: Rows, job: Job) -> None:
        match job:
            case Append(seq, event, commands, _):
                self._chained = durable_rows(rows, seq, event, commands, self._chained)
                if commands:
                    self._later.append((seq, commands))
            case Bulk(seq, commands):
                self._later.append((seq, commands))
            case Snapshot(seq, body, session):
                digest = sha256(body).digest()
                rows["snapshots"].append({"seq": seq, "body": body, "hash": self._chained, "state_sha256": digest, "session": session})
                rows["seals"].append({"seq": seq, "state_sha256": digest})
                rows["snapshots_pruned" if session is None else "closings_pruned"].append({"b_seq": seq})
            case Mark(name, value):
                rows["marks"].append({"name": name, "value": value})
            case Barrier() | Stop():
                pass

    def _checkpoint(self, connection: PoolProxiedConnection, commits: int) -> None:
        """Move the write-ahead log into the database file (SQLite only; passive: never waits for a reader)."""
        if self._commits < commits or self._engine.dialect.name != "sqlite" or self.fault is not None:
            return
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()
        except self._engine.dialect.loaded_dbapi.Error as error:
            self.fault = OperatorFault(f"cannot write the journal: {error}")
        self._commits = 0


def _plan(dialect: Dialect) -> tuple[tuple[str, statements.Statement], ...]:
    """Statements in the order in which a transaction runs them."""
    acknowledged = (
        update(schema.intents)
        .where(
            schema.intents.c.client_order_id == bindparam("b_client_order_id"), schema.intents.c.state != literal_column("'acknowledged'")
        )
        .values(state=bindparam("b_state"))
    )
    older, table = schema.snapshots.alias(), schema.snapshots
    before = select(func.max(older.c.seq)).where(older.c.seq < bindparam("b_seq")).scalar_subquery()
    pruned = delete(table).where(table.c.session.is_(None), table.c.seq < before)  # the newest and the one before it stay
    one: ColumnElement[int] = literal_column("1")  # no parameters: each row's are given by name
    kept: ColumnElement[int] = literal_column(str(CLOSINGS_KEPT - 1))
    closings = select(older.c.seq).where(older.c.session.is_not(None)).order_by(older.c.seq.desc()).limit(one).offset(kept)
    old = delete(table).where(table.c.seq < closings.scalar_subquery(), table.c.seq < bindparam("b_seq"))
    return (
        ("events", statements.compiled(insert(schema.events), dialect)),
        ("commands", statements.compiled(insert(schema.commands), dialect)),
        ("intents", statements.once(schema.intents, dialect)),
        ("intent_states", statements.compiled(acknowledged, dialect)),
        ("orders", statements.newest_order(dialect)),
        ("fills", statements.once(schema.fills, dialect)),
        ("trades", statements.newest(schema.trades, dialect)),
        ("jobs", statements.once(schema.jobs, dialect)),
        ("marks", statements.newest(schema.marks, dialect)),
        ("snapshots", statements.newest(schema.snapshots, dialect)),
        ("seals", statements.newest(schema.seals, dialect)),
        ("snapshots_pruned", statements.compiled(pruned, dialect)),
        ("closings_pruned", statements.compiled(old, dialect)),
        ("decisions", statements.once(schema.decisions, dialect)),
        ("predictions", statements.once(schema.predictions, dialect)),
    )


def _answer(futures: Sequence[asyncio.Future[None]], fault: OperatorFault | None) -> None:
    for future in futures:
        if future.done():
            continue
        if fault is None:
            future.set_result(None)
        else:
            future.set_exception(fault)
