"""Opening the journal's database: privacy of the files, durability settings, schema version; faults in one clear sentence."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.crash_points import reach
from tradebot.shell.store.migrate import OLDEST, migrate
from tradebot.shell.store.schema import SCHEMA_VERSION, metadata, schema_version

BUSY_TIMEOUT_MS = 5_000


def private_folder(path: Path) -> Path:
    """Make the folder (0700) if need be. Raises OperatorFault when it cannot be read and written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorFault(f"cannot use the state directory {path}: {error.strerror}") from error
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise OperatorFault(f"cannot use the state directory {path}: it is not a readable and writable folder")
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise OperatorFault(
            f"the state directory {path} belongs to another user (uid {found.st_uid}): whoever writes it decides what is true"
        )
    if found.st_mode & stat.S_IWOTH:
        raise OperatorFault(f"everybody may write to the state directory {path}: make it private with chmod 700")
    return path


def journal_url(text: str) -> URL:
    try:
        return make_url(text)
    except ArgumentError as error:
        raise OperatorFault("the journal's URL is not a database URL such as sqlite:////path/journal.db") from error


def connect(text: str, *, create: bool) -> Engine:
    """An engine on the journal, its schema checked. With `create`, a missing journal is made; without, it is a fault."""
    url = journal_url(text)
    engine = _engine(url, create=create)
    try:
        _check_schema(engine, url, create=create)
    except DatabaseError as error:  # includes a file that is no database, a locked one, a full disk
        engine.dispose()
        raise OperatorFault(f"cannot use the journal {_name(url)}: {error.orig}") from error
    except OperatorFault:
        engine.dispose()
        raise
    return engine


@contextmanager
def readable() -> Iterator[None]:
    """A file that turns out to be damaged while it is read is the operator's, in one sentence."""
    try:
        yield
    except DatabaseError as error:
        raise OperatorFault(f"the journal cannot be read: {error.orig}; restore it from a backup or move it aside") from error


def _engine(url: URL, *, create: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, poolclass=NullPool)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise OperatorFault(f"the journal's URL names a database whose driver is not installed: {url.drivername}") from error
    if not url.database:
        raise OperatorFault("the journal's URL names no file (expected sqlite:////path/journal.db)")
    path = Path(url.database)
    if create:
        private_folder(path.parent)
    _own_file(path, create=create)
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _durable)
    return engine


def _own_file(path: Path, *, create: bool) -> None:
    """The file exists with mode 0600 (SQLite gives its -wal and -shm files the same mode)."""
    if create and not path.exists() and path.with_name(f"{path.name}-wal").exists():
        raise OperatorFault(f"the journal {path} is gone, its log {path.name}-wal is not: restore it from a backup or move the log aside")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600))
        if create and path.stat().st_uid == os.geteuid():
            path.chmod(0o600)
    except OSError as error:
        raise OperatorFault(f"cannot open the journal {path}: {error.strerror}") from error


def _durable(connection: sqlite3.Connection, _record: Any) -> None:
    """WAL with full sync: a commit that has returned survives the power cut. Checkpoints are made in idle moments, not inside a commit."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "wal_autocheckpoint=0", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _check_schema(engine: Engine, url: URL, *, create: bool) -> None:
    with engine.begin() as connection:
        made = inspect(connection).has_table(schema_version.name)
        found = connection.execute(select(schema_version.c.version)).scalar_one_or_none() if made else None
        if found is None:  # also where a first start was killed before it had said which version it made
            if not create:
                raise OperatorFault(f"there is no journal in {_name(url)}")
            metadata.create_all(connection)
            reach("schema_half_made")
            connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
            return
        if found > SCHEMA_VERSION:
            raise OperatorFault(f"the journal {_name(url)} has schema {found}, newer than this program's {SCHEMA_VERSION}")
        if found < OLDEST:
            raise OperatorFault(f"the journal {_name(url)} has schema {found}, older than this program can read: move it aside")
        if found < SCHEMA_VERSION:
            if not create:
                raise OperatorFault(f"the journal {_name(url)} has schema {found}: the next start of its daemon brings it up to date")
            migrate(connection, found)


def _name(url: URL) -> str:
    return url.database if url.get_backend_name() == "sqlite" and url.database else url.render_as_string(hide_password=True)
