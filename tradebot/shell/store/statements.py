"""The journal's inserts, compiled once for the database at hand.

SQLAlchemy builds and renders each statement a single time; the writer then runs plain text with plain parameters. Compiling (or even
looking up a cached compilation) for each row would cost more than the commit itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Table, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.expression import ClauseElement

from tradebot.shell.store import schema

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the order of its parameters (None: the driver takes mappings)."""

    text: str
    order: tuple[str, ...] | None

    def run(self, cursor: DBAPICursor, rows: Sequence[Row]) -> None:
        """On the driver's own cursor: the layer above it costs four times the insert."""
        order = self.order
        if order is None:
            cursor.executemany(self.text, rows)
        elif len(rows) == 1:
            row = rows[0]
            cursor.execute(self.text, [row[name] for name in order])
        else:
            cursor.executemany(self.text, [[row[name] for name in order] for row in rows])


def compiled(statement: ClauseElement, dialect: Dialect) -> Statement:
    result = statement.compile(dialect=dialect)
    positions: Iterable[str] | None = getattr(result, "positiontup", None)
    return Statement(str(result), tuple(positions) if positions is not None else None)


def _insert(dialect: Dialect) -> Callable[[Table], Any]:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return postgresql.insert if dialect.name == "postgresql" else sqlite.insert


def plain(table: Table, dialect: Dialect) -> Statement:
    statement: Insert = _insert(dialect)(table)
    return compiled(statement, dialect)


def once(table: Table, dialect: Dialect) -> Statement:
    """Insert; an existing row stays as it is."""
    return compiled(_insert(dialect)(table).on_conflict_do_nothing(), dialect)


def newest(table: Table, dialect: Dialect) -> Statement:
    """Insert or replace all columns."""
    insert = _insert(dialect)(table)
    keys = [c.name for c in table.primary_key]
    changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
    return compiled(insert.on_conflict_do_update(index_elements=keys, set_=changed), dialect)


def newest_order(dialect: Dialect) -> Statement:
    """Insert or replace an order, but never go back: reports may come reordered, and a terminal word is the last one."""
    table = schema.orders
    insert = _insert(dialect)(table)
    # A leg that is reported by itself does not name its parent: what is known stays.
    changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in ("broker_id", "parent_id")}
    forward = (insert.excluded.filled_qty >= table.c.filled_qty) & or_(~table.c.is_terminal, insert.excluded.is_terminal)
    return compiled(insert.on_conflict_do_update(index_elements=["broker_id"], set_=changed, where=forward), dialect)
