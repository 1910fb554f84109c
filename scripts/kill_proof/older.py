"""A journal as the first version left it: to see a migration killed, and what comes of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

ADDED_SINCE: Final = (("events", "hash"), ("snapshots", "hash"), ("snapshots", "state_sha256"), ("snapshots", "session"))
TABLES_OF_1: Final = frozenset(
    [
        "commands",
        "decisions",
        "events",
        "fills",
        "intents",
        "jobs",
        "marks",
        "orders",
        "predictions",
        "schema_version",
        "snapshots",
        "trades",
    ]
)


def make_schema_1(path: Path) -> None:
    """In place: without what was added since."""
    connection = sqlite3.connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for name in tables - TABLES_OF_1:
        connection.execute(f"DROP TABLE {name}")
    for table, column in ADDED_SINCE:
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    connection.execute("DELETE FROM marks WHERE name = 'chained_after'")
    connection.execute("UPDATE schema_version SET version = 1")
    connection.commit()
    connection.close()
