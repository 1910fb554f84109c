"""Every journal that a test's daemon left is decided again by a fresh engine and must come out the same (I15)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.shell import scene
from tradebot.shell.store import reads
from tradebot.shell.store.replay import Replayed, replay

FOR_EVER_NS = 2**62


def journals(folder: Path) -> Iterator[Path]:
    """Those in which a daemon's engine recorded what it decided by."""
    for path in sorted(folder.rglob("*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            try:
                began = connection.execute("SELECT 1 FROM events WHERE kind = 'DaemonStarted' LIMIT 1").fetchone()
            except sqlite3.DatabaseError:
                continue  # no journal
        if began:
            yield path


def replayed(path: Path) -> Replayed:
    """The whole journal again, its chain checked. `scene`'s models and days; the configuration is the recorded one."""
    url = f"sqlite:///{path}"
    reads.verify(url)
    return replay(url, scene.new_engine, 0, FOR_EVER_NS)
