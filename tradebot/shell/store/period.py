"""What a report reads of a journal's span: the broker's books at its end, the trades that it touched, and what was out of the ordinary.

Read-only. Spans are [first_ns, end_ns) in UTC nanoseconds.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from tradebot.core.domain import events as ev
from tradebot.core.domain.commands import Alert
from tradebot.core.domain.events import decode_event
from tradebot.core.domain.trade import Trade
from tradebot.shell.store import schema

_ODD: Final = tuple(
    kind.__name__
    for kind in (
        ev.OperatorSpoke, ev.FeedChanged, ev.FeedSwitched, ev.SymbolHalted, ev.GuardRefused, ev.OrderRefused, ev.ReplyLost,
        ev.ModelPromoted, ev.DaemonStarted,
    )
)  # fmt: skip


def books_before(connection: Connection, end_ns: int) -> ev.AccountReconciled | None:
    """The broker's books as they were last compared before `end_ns`."""
    table = schema.events
    query = select(table.c.body).where(table.c.kind == ev.AccountReconciled.__name__, table.c.ts_ns < end_ns)
    body = connection.execute(query.order_by(table.c.seq.desc()).limit(1)).scalar_one_or_none()
    found = None if body is None else decode_event(body)
    return found if isinstance(found, ev.AccountReconciled) else None


def trades_touched(connection: Connection, first_ns: int, end_ns: int) -> list[Trade]:
    """Trades that were open at some time in the span, oldest first."""
    table = schema.trades
    query = select(table.c.body).where(table.c.entry_ns < end_ns).order_by(table.c.entry_ns, table.c.trade_id)
    began = select(func.min(schema.events.c.seq)).where(schema.events.c.ts_ns >= first_ns).scalar_subquery()
    bodies = connection.execute(query.where((table.c.seq >= began) | (table.c.status == "OPEN"))).scalars()
    return [msgspec.msgpack.decode(body, type=Trade) for body in bodies]


def fees_posted(connection: Connection, first_ns: int, end_ns: int) -> int:
    """Units of money taken from the account (below 0) or added to it without a trade, each posting once."""
    table = schema.events
    query = select(table.c.body).where(table.c.kind == ev.CashPosted.__name__, table.c.ts_ns >= first_ns, table.c.ts_ns < end_ns)
    posted = {event.activity_id: event.amount_units for event in map(decode_event, connection.execute(query).scalars())
              if isinstance(event, ev.CashPosted)}  # fmt: skip
    return sum(posted.values())


def out_of_the_ordinary(connection: Connection, first_ns: int, end_ns: int) -> list[dict[str, Any]]:
    """What touched safety, and every alert above info, oldest first: `at_ns`, `what`, `words`."""
    e, c = schema.events, schema.commands
    query = select(e.c.body).where(e.c.kind.in_(_ODD), e.c.ts_ns >= first_ns, e.c.ts_ns < end_ns).order_by(e.c.seq)
    rows = [_row(event) for event in map(decode_event, connection.execute(query).scalars())]
    asked = select(e.c.ts_ns, c.c.body).join(e, e.c.seq == c.c.seq)
    asked = asked.where(c.c.kind == Alert.__name__, e.c.ts_ns >= first_ns, e.c.ts_ns < end_ns).order_by(c.c.seq, c.c.n)
    for row in connection.execute(asked):
        alert = msgspec.msgpack.decode(row.body, type=Alert)
        if alert.severity != "info":
            rows.append({"at_ns": row.ts_ns, "what": f"alert, {alert.severity}", "words": alert.message})
    return sorted(rows, key=lambda row: int(row["at_ns"]))


def _row(event: ev.Event) -> dict[str, Any]:
    match event:
        case ev.OperatorSpoke(order=order, reason=reason):
            what, words = f"operator: {order}", reason
        case ev.FeedChanged(feed=feed, stale=stale, reason=reason):
            what, words = f"feed {feed} {'stale' if stale else 'fresh'}", reason
        case ev.FeedSwitched(feed=feed, reason=reason):
            what, words = f"minutes from {feed}", reason
        case ev.SymbolHalted(symbol=symbol, halted=halted, reason=reason):
            what, words = f"{symbol} {'halted' if halted else 'trades again'}", reason
        case ev.GuardRefused(client_order_id=name, reason=reason) | ev.ReplyLost(client_order_id=name, reason=reason):
            what, words = f"{type(event).__name__}: {name}", reason
        case ev.OrderRefused(client_order_id=name, code=code, reason=reason):
            what, words = f"refused ({code}): {name}", reason
        case ev.ModelPromoted(model_id=model_id, reason=reason):
            what, words = f"model {model_id}", reason
        case ev.DaemonStarted(program=program):
            what, words = "daemon started", f"program {program}"
        case _:
            raise AssertionError(f"{type(event).__name__} is not out of the ordinary")
    return {"at_ns": event.ts_event_ns, "what": what, "words": words}
