"""The disk under the journal: the daemon's own Journal, statements and SQLite, and a writer that takes virtual time instead of a thread.

A transaction is all or nothing. What a crash leaves is every transaction that was committed, and of what still waited a prefix: jobs older
than `SURELY_NS` are always written, younger ones as the seed says.
"""

from __future__ import annotations

import asyncio
import functools
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from scripts.simulation.http import MS
from scripts.simulation.timeline import Timeline
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.writer import Append, Barrier, Job, Stop, Writer

SURELY_NS: Final = 100 * MS
WAITING_MAX: Final = 48  # jobs that nobody waits for go out in one transaction, as in an idle moment


@dataclass(slots=True)
class Disk:
    """What faults may set. `error` is SQLite's word for what is wrong, "" while all is well."""

    timeline: Timeline
    chance: random.Random
    path: Path
    error: str = ""
    slow_ns: int = 0
    writer: VirtualWriter | None = None
    commits: int = 0
    lost_jobs: int = 0
    committed: Callable[[list[Job]], None] = field(default=lambda batch: None)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def open(self, url: str) -> Journal:
        """The journal of one life. Raises OperatorFault as the daemon's own does."""
        bound: Any = functools.partial(VirtualWriter, self)

        class OnDisk(Journal):
            WRITER = bound

        return OnDisk.open(url)

    def last_hash(self) -> bytes:
        """Of the newest event in the file."""
        connection = sqlite3.connect(self.path)
        try:
            row = connection.execute("select hash from events order by seq desc limit 1").fetchone()
        finally:
            connection.close()
        return bytes(row[0]) if row else b""

    def sync_ns(self) -> int:
        return self.slow_ns + self.chance.randrange(MS // 5, 3 * MS)

    def crash(self) -> None:
        """What was not committed is gone."""
        if self.writer is not None:
            self.writer.crash()
            self.writer = None


class _Transaction:
    """A DB-API connection whose commit fails while the disk is sick."""

    def __init__(self, disk: Disk, connection: Any) -> None:
        self._disk = disk
        self._connection = connection
        self.cursor = connection.cursor
        self.rollback = connection.rollback
        self.close = connection.close

    def commit(self) -> None:
        if self._disk.error:
            raise sqlite3.OperationalError(self._disk.error)
        self._connection.commit()
        self._disk.commits += 1


class VirtualWriter(Writer):
    """The writer's own `_write` and rows; `jobs` is this object."""

    def __init__(self, disk: Disk, engine: Engine, loop: asyncio.AbstractEventLoop, chained: bytes) -> None:
        super().__init__(engine, loop, chained)
        self._disk = disk
        self._waiting_jobs: list[tuple[int, Job]] = []
        self._is_due = False
        self._is_over = False
        self._connection: Any = None
        jobs: Any = self
        self.jobs = jobs
        disk.writer = self

    def start(self) -> None:
        self._connection = _Transaction(self._disk, self._engine.raw_connection())

    def is_alive(self) -> bool:
        return not self._is_over

    def join(self, timeout: float | None = None) -> None:
        pass

    def put(self, job: Job) -> None:
        if self._is_over:
            return  # of a dead program
        self._waiting_jobs.append((self._disk.timeline.now_ns, job))
        waited = isinstance(job, Barrier) or (isinstance(job, Append) and job.done is not None)
        if isinstance(job, Stop):
            self._commit()
            self._end()
        elif (waited or len(self._waiting_jobs) >= WAITING_MAX) and not self._is_due:
            self._is_due = True
            self._disk.timeline.after(self._disk.sync_ns(), self._commit)

    def _commit(self) -> None:
        self._is_due = False
        if self._is_over or not self._waiting_jobs:
            return
        batch = [job for _, job in self._waiting_jobs]
        self._waiting_jobs.clear()
        self._write(self._connection, batch)
        if self.fault is None:
            self._disk.committed(batch)

    def crash(self) -> None:
        """SIGKILL or a power cut: see the module."""
        if self._is_over:
            return
        disk = self._disk
        self._connection.rollback()  # what a kill in mid-transaction left
        now_ns = disk.timeline.now_ns
        surely = sum(1 for ts_ns, _ in self._waiting_jobs if now_ns - ts_ns > SURELY_NS)
        kept = disk.chance.randrange(surely, len(self._waiting_jobs) + 1)
        disk.lost_jobs += len(self._waiting_jobs) - kept
        self._waiting_jobs = self._waiting_jobs[:kept]
        self._commit()
        self._end()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._connection.close()
            self._engine.dispose()
