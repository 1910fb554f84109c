"""What `why`, `why-not` and the exports read of a journal: decisions of a span, and all that is known of an order.

Read-only. Spans are [first_ns, end_ns) in UTC nanoseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, func, select

from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import GuardRefused, OrderRefused, OrderReported, ReplyLost, decode_event, decode_hook
from tradebot.core.domain.orders import Fill, OrderIntent, OrderReport, Role, Side
from tradebot.core.domain.trade import Trade
from tradebot.shell.store import schema

_DECISION: msgspec.msgpack.Decoder[Decision] = msgspec.msgpack.Decoder(Decision, dec_hook=decode_hook)
_AT_ONCE = 64  # rows that are in memory at a time: a decision of many symbols is large
_WORDS = (OrderReported.__name__, OrderRefused.__name__, GuardRefused.__name__, ReplyLost.__name__)


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order and the event that it answered; `state` is intended, acknowledged, unknown or refused."""

    seq: int
    state: str
    intent: OrderIntent


@dataclass(frozen=True, slots=True)
class Said:
    """One word about an order. `status` is the broker's, or refused, guarded or unknown; a leg has its own `broker_id`."""

    ts_ns: int
    client_order_id: str
    broker_id: str
    source: str
    status: str
    filled_qty: int
    filled_units: int
    reason: str


def decision_minutes(connection: Connection, first_ns: int, end_ns: int) -> list[int]:
    """The minutes that were decided, oldest first."""
    table = schema.decisions
    query = select(table.c.minute_ns).where(table.c.minute_ns >= first_ns, table.c.minute_ns < end_ns).order_by(table.c.minute_ns)
    return list(connection.execute(query).scalars())


def decision_span(connection: Connection) -> tuple[int, int] | None:
    """The first and the last decided minute, None where there is none."""
    first, last = connection.execute(select(func.min(schema.decisions.c.minute_ns), func.max(schema.decisions.c.minute_ns))).one()
    return None if first is None else (first, last)


def decided(connection: Connection, first_ns: int, end_ns: int) -> Iterator[tuple[int, Decision]]:
    """The decisions of the minutes in a span with the number of the event that each answered, oldest first."""
    table = schema.decisions
    query = select(table.c.seq, table.c.body).where(table.c.minute_ns >= first_ns, table.c.minute_ns < end_ns)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(query.order_by(table.c.minute_ns, table.c.seq))
    for row in rows:
        yield row.seq, _DECISION.decode(row.body)


def orders_since(connection: Connection, symbol: str, seq: int, end_ns: int) -> list[Ordered]:
    """A symbol's orders from event `seq` on, decided before `end_ns`, oldest first."""
    table = schema.intents
    query = select(table.c.seq, table.c.state, table.c.body).where(table.c.symbol == symbol, table.c.seq >= seq)
    rows = connection.execute(query.order_by(table.c.seq, table.c.client_order_id))
    found = [Ordered(row.seq, row.state, msgspec.msgpack.decode(row.body, type=OrderIntent)) for row in rows]
    return [order for order in found if order.intent.decided_ns < end_ns]


def words_about(connection: Connection, orders: Sequence[Ordered], end_ns: int) -> list[Said]:
    """What was said of these orders and their legs before `end_ns`, as it came; what was heard before is left out."""
    if not orders:
        return []
    table = schema.events
    query = select(table.c.body).where(table.c.kind.in_(_WORDS), table.c.seq >= orders[0].seq, table.c.ts_ns < end_ns)
    events = [decode_event(body) for body in connection.execute(query.order_by(table.c.seq)).scalars()]
    ids = {order.intent.client_order_id for order in orders}
    legs = {
        leg.broker_id
        for event in events
        if isinstance(event, OrderReported) and event.report.client_order_id in ids
        for leg in event.report.legs
    }
    said: list[Said] = []
    heard: set[tuple[str, str, int]] = set()
    for event in events:
        match event:
            case OrderReported(report=report):
                for part in (report, *report.legs):
                    about = part.client_order_id in ids or part.broker_id in legs
                    if about and (news := (part.broker_id, part.status.value, part.filled_qty)) not in heard:
                        heard.add(news)
                        said.append(_reported(event.ts_event_ns, part, report.source))
            case OrderRefused(ts_event_ns=ts_ns, client_order_id=name, reason=reason) if name in ids:
                said.append(Said(ts_ns, name, "", "broker", "refused", 0, 0, reason))
            case GuardRefused(ts_event_ns=ts_ns, client_order_id=name, reason=reason) if name in ids:
                said.append(Said(ts_ns, name, "", "guard", "guarded", 0, 0, reason))
            case ReplyLost(ts_event_ns=ts_ns, client_order_id=name, reason=reason) if name in ids:
                said.append(Said(ts_ns, name, "", "wire", "unknown", 0, 0, reason))
            case _:
                pass
    return said


def _reported(ts_ns: int, report: OrderReport, source: str) -> Said:
    return Said(
        ts_ns,
        report.client_order_id,
        report.broker_id,
        source,
        report.status.value,
        report.filled_qty,
        report.filled_units,
        report.reason,
    )


def fills_between(connection: Connection, first_ns: int, end_ns: int, symbol: str = "") -> Iterator[Fill]:
    """Executions of a span, oldest first; of one symbol, or of all. A leg's order is `<parent>/stop` or `<parent>/target`."""
    table = schema.fills
    query = select(table).where(table.c.ts_ns >= first_ns, table.c.ts_ns < end_ns)
    if symbol:
        query = query.where(table.c.symbol == symbol)
    for row in connection.execute(query.order_by(table.c.ts_ns, table.c.seq, table.c.fill_id)).mappings():
        yield Fill(
            row["fill_id"],
            row["client_order_id"],
            row["symbol"],
            Side(row["side"]),
            Role(row["role"]),
            row["qty"],
            row["notional_units"],
            row["ts_ns"],
        )


def trades_between(connection: Connection, first_ns: int, end_ns: int) -> Iterator[Trade]:
    """Trades entered in a span, oldest first."""
    table = schema.trades
    query = select(table.c.body).where(table.c.entry_ns >= first_ns, table.c.entry_ns < end_ns)
    for body in connection.execute(query.order_by(table.c.entry_ns, table.c.trade_id)).scalars():
        yield msgspec.msgpack.decode(body, type=Trade)


def trade_of(connection: Connection, client_order_ids: Collection[str]) -> tuple[int, Trade] | None:
    """The trade that one of these orders opened, with the number of the event that told of it last."""
    table = schema.trades
    query = select(table.c.seq, table.c.body).where(table.c.trade_id.in_(client_order_ids)).order_by(table.c.seq).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.seq, msgspec.msgpack.decode(row.body, type=Trade))
