"""What the cost report reads of a journal: fills, intents, resting prices, minutes and posted fees of a span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from tradebot.core.domain.events import CashPosted, MinuteClosed, decode_event
from tradebot.core.domain.orders import Fill, OrderIntent, Role, Side
from tradebot.shell.store import schema
from tradebot.shell.store.database import connect, readable


@dataclass(frozen=True, slots=True)
class Traded:
    """`resting_units`: stop or limit price by broker id. All oldest first."""

    fills: tuple[Fill, ...]
    intents: Mapping[str, OrderIntent]
    resting_units: Mapping[str, int]
    minutes: tuple[MinuteClosed, ...]
    posted: tuple[CashPosted, ...]


def traded(url: str, first_ns: int, end_ns: int) -> Traded:
    """What happened with `first_ns <= t < end_ns`. Raises OperatorFault when there is no journal."""
    engine = connect(url, create=False)
    try:
        with readable(), engine.connect() as connection:
            return _read(connection, first_ns, end_ns)
    finally:
        engine.dispose()


def _read(connection: Connection, first_ns: int, end_ns: int) -> Traded:
    f, o, i, e = schema.fills, schema.orders, schema.intents, schema.events
    rows = connection.execute(select(f).where(f.c.ts_ns >= first_ns, f.c.ts_ns < end_ns).order_by(f.c.seq, f.c.fill_id)).mappings()
    fills = tuple(
        Fill(
            row["fill_id"],
            row["client_order_id"],
            row["symbol"],
            Side(row["side"]),
            Role(row["role"]),
            row["qty"],
            row["notional_units"],
            row["ts_ns"],
        )
        for row in rows
    )
    intents = {
        row.client_order_id: msgspec.msgpack.decode(row.body, type=OrderIntent)
        for row in connection.execute(select(i.c.client_order_id, i.c.body))
    }
    resting = {row.broker_id: row.stop_units or row.limit_units for row in connection.execute(select(o))}
    query = (
        select(e.c.body).where(e.c.ts_ns >= first_ns, e.c.ts_ns < end_ns, e.c.kind.in_(("MinuteClosed", "CashPosted"))).order_by(e.c.seq)
    )
    events = [decode_event(body) for body in connection.execute(query).scalars()]
    minutes = tuple(event for event in events if isinstance(event, MinuteClosed))
    return Traded(fills, intents, resting, minutes, tuple(event for event in events if isinstance(event, CashPosted)))
