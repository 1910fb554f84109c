"""Whether what was committed lies where the next start will look for it: a file that was deleted while open takes writes gladly (F23)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from tradebot.core.domain.faults import OperatorFault

_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY: Final = 0xFF


class FilePlace:
    """The journal's database and write-ahead log by inode; nothing to check where it is no SQLite file."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        self._files = () if self._path is None else (str(self._path), f"{self._path}-wal")
        self._known: tuple[tuple[int, int] | None, ...] = ()

    def check(self) -> None:
        """After a commit, before anybody is told of it. Raises OperatorFault when a file is gone or another one has its name."""
        found = tuple(map(_identity, self._files))
        if not self._known:
            self._known = found
        if found != self._known or None in found:
            raise OperatorFault(f"the journal {self._path} was deleted or replaced while open; what rests at the broker stays there")


def is_locked(error: Exception) -> bool:
    """Another process holds the database: it may let go."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in _LOCKED


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
