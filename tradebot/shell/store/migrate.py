"""An older journal brought up to date where it stands. Each step can be taken twice: a crash in the middle is mended by the next start."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Table, delete, func, insert, inspect, select, update
from sqlalchemy.schema import CreateColumn

from tradebot.shell.crash_points import reach
from tradebot.shell.store import chain, schema

OLDEST: Final = 1
ADDED: Final = {2: ((schema.events, "hash"), (schema.snapshots, "hash"), (schema.snapshots, "state_sha256"), (schema.snapshots, "session"))}
BATCH: Final = 1_000


def migrate(connection: Connection, found: int) -> None:
    """From schema `found` (>= OLDEST) to SCHEMA_VERSION, in the caller's transaction where the database can."""
    schema.metadata.create_all(connection)
    for version in range(found + 1, schema.SCHEMA_VERSION + 1):
        for table, name in ADDED.get(version, ()):
            _add(connection, table, name)
    reach("columns_added_not_filled")
    if found < 2:
        _chain_all(connection)
    reach("migrated_not_stamped")
    connection.execute(update(schema.schema_version).values(version=schema.SCHEMA_VERSION))


def _add(connection: Connection, table: Table, name: str) -> None:
    if name not in {column["name"] for column in inspect(connection).get_columns(table.name)}:
        words = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {words}")


def _chain_all(connection: Connection) -> None:
    """Chain what is there; what had happened to it before, nobody can know: the mark says so."""
    table, previous, last = schema.events, chain.START, 0
    while True:
        top = connection.execute(select(func.max(table.c.seq)).where(table.c.seq > last, table.c.seq <= last + BATCH)).scalar_one()
        if top is None:
            break
        for record in list(chain.records(connection, last, top)):
            if record.seq != last + 1:
                raise chain.broken(last + 1, f"it is missing, the next one is {record.seq}")
            previous = chain.link(previous, record.seq, record.ts_ns, record.kind, record.body, record.commands)
            connection.execute(update(table).where(table.c.seq == record.seq).values(hash=previous))
            last = record.seq
        reach("chain_half_made")
    connection.execute(delete(schema.marks).where(schema.marks.c.name == chain.CHAINED_AFTER))
    connection.execute(insert(schema.marks).values(name=chain.CHAINED_AFTER, value=str(last)))
