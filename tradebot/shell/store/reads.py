"""What the command line shows of a journal: read-only, synchronous, while the daemon runs or not.

Each row is a plain dict: money in `*_units` (1e-4 dollars), time in `*_ns` (UTC nanoseconds).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, func, select

from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import decode_hook
from tradebot.core.domain.trade import Trade
from tradebot.shell.store import chain, schema
from tradebot.shell.store.database import connect, readable

_COUNTED = (schema.events, schema.intents, schema.orders, schema.fills, schema.trades, schema.decisions, schema.predictions, schema.jobs)

_DECISION: msgspec.msgpack.Decoder[Decision] = msgspec.msgpack.Decoder(Decision, dec_hook=decode_hook)


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection to a journal that is there. Raises OperatorFault where it is not, or turns out to be damaged."""
    engine = connect(url, create=False)
    try:
        with readable(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def counts(url: str) -> dict[str, int]:
    """Rows by table, and the refusals by name. Raises OperatorFault when there is no journal."""
    with reading(url) as connection:
        result = {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in _COUNTED}
        refused = select(func.count()).select_from(schema.intents).where(schema.intents.c.state == "refused")
        result["refusals"] = connection.execute(refused).scalar_one()
    return result


def verify(url: str) -> dict[str, Any]:
    """Check every event and command against the hash chain. Raises OperatorFault that names the first one that is not as it was written."""
    events, commands, last, last_ns, head = 0, 0, 0, 0, chain.START
    with reading(url) as connection:
        for record in chain.verified(connection):
            chain.event_of(record)
            events, commands, last, last_ns = events + 1, commands + len(record.commands), record.seq, record.ts_ns
            head = record.hash or b""
        for row in connection.execute(select(schema.snapshots)):
            chain.check_snapshot(connection, row)
        mark = select(schema.marks.c.value).where(schema.marks.c.name == chain.CHAINED_AFTER)
        since = connection.execute(mark).scalar_one_or_none()
    return {
        "events": events,
        "commands": commands,
        "last_event": last,
        "last_ns": last_ns,
        "head_sha256": head.hex(),
        "chained_when_older_than": int(since) + 1 if since else 0,
        "verdict": "every record is as it was written, in its place",
    }


def trades(url: str, since_ns: int = 0) -> list[Trade]:
    """Trades entered since an instant, oldest first."""
    table = schema.trades
    with reading(url) as connection:
        query = select(table.c.body).where(table.c.entry_ns >= since_ns).order_by(table.c.entry_ns, table.c.trade_id)
        return [msgspec.msgpack.decode(body, type=Trade) for body in connection.execute(query).scalars()]


def decisions(url: str, since_ns: int = 0, limit: int = 1_000) -> list[Decision]:
    """The newest `limit` decisions since an instant, oldest first."""
    table = schema.decisions
    with reading(url) as connection:
        query = select(table.c.body).where(table.c.minute_ns >= since_ns).order_by(table.c.minute_ns.desc()).limit(limit)
        return [_DECISION.decode(body) for body in connection.execute(query).scalars()][::-1]


def orders(url: str, since_ns: int = 0) -> list[dict[str, Any]]:
    return _rows(url, schema.orders, schema.orders.c.ts_ns >= since_ns, schema.orders.c.ts_ns)


def fills(url: str, since_ns: int = 0) -> list[dict[str, Any]]:
    return _rows(url, schema.fills, schema.fills.c.ts_ns >= since_ns, schema.fills.c.ts_ns)


def predictions(url: str, since_ns: int = 0) -> list[dict[str, Any]]:
    return _rows(url, schema.predictions, schema.predictions.c.ts_ns >= since_ns, schema.predictions.c.ts_ns)


def jobs(url: str) -> list[dict[str, Any]]:
    return _rows(url, schema.jobs, schema.jobs.c.ts_ns >= 0, schema.jobs.c.ts_ns)


def _rows(url: str, table: Table, where: ColumnElement[bool], order: ColumnElement[Any]) -> list[dict[str, Any]]:
    with reading(url) as connection:
        return [dict(row) for row in connection.execute(select(table).where(where).order_by(order)).mappings()]
