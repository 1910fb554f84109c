"""What a journal holds of a span of time, from its own words: nothing is decided again."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select

from tradebot.core.domain.commands import Alert
from tradebot.core.domain.trade import Trade
from tradebot.shell.stamps import text_from_ns
from tradebot.shell.store import schema
from tradebot.shell.store.reads import reading
from tradebot.shell.store.replay import day_events


def summary(url: str, first_ns: int, end_ns: int) -> dict[str, Any]:
    """Counts, trades and alerts of [first_ns, end_ns); empty where there is no event."""
    with reading(url) as connection:
        first, last = day_events(connection, first_ns, end_ns)
        if not first:
            return {}
        orders, fills, trades = schema.intents, schema.fills, schema.trades
        bought, sold = (
            connection.execute(
                select(func.coalesce(func.sum(fills.c.notional_units), 0)).where(
                    fills.c.seq >= first, fills.c.seq <= last, fills.c.side == side
                )
            ).scalar_one()
            for side in ("buy", "sell")
        )
        ended = select(trades.c.body).where(trades.c.seq >= first, trades.c.seq <= last, trades.c.status == "CLOSED")
        closed = [msgspec.msgpack.decode(body, type=Trade) for body in connection.execute(ended).scalars()]
        refused = select(func.count()).select_from(orders).where(orders.c.seq >= first, orders.c.seq <= last, orders.c.state == "refused")
        return {
            "first_event": first,
            "last_event": last,
            "events": _by_kind(connection, schema.events, first, last),
            "commands": _by_kind(connection, schema.commands, first, last),
            "decisions": _count(connection, schema.decisions, first, last),
            "orders": _count(connection, orders, first, last),
            "refused": connection.execute(refused).scalar_one(),
            "fills": _count(connection, fills, first, last),
            "bought_units": int(bought),
            "sold_units": int(sold),
            "trades_closed": len(closed),
            "won": sum(t.pnl_units > 0 for t in closed),
            "realised_units": sum(t.pnl_units for t in closed),
            "alerts": _alerts(connection, first, last),
        }


def span_text(url: str) -> str:
    """From when to when a journal goes, as a part of a sentence."""
    with reading(url) as connection:
        table = schema.events
        first, last = connection.execute(select(func.min(table.c.ts_ns), func.max(table.c.ts_ns))).one()
    return "it is empty" if first is None else f"it goes from {text_from_ns(first)} to {text_from_ns(last)}"


def _count(connection: Connection, table: Table, first: int, last: int) -> int:
    query = select(func.count()).select_from(table).where(table.c.seq >= first, table.c.seq <= last)
    found: int = connection.execute(query).scalar_one()
    return found


def _by_kind(connection: Connection, table: Table, first: int, last: int) -> dict[str, int]:
    query = select(table.c.kind, func.count()).where(table.c.seq >= first, table.c.seq <= last).group_by(table.c.kind)
    return {kind: count for kind, count in sorted(tuple(row) for row in connection.execute(query))}


def _alerts(connection: Connection, first: int, last: int) -> list[str]:
    table = schema.commands
    query = select(table.c.body).where(table.c.seq >= first, table.c.seq <= last, table.c.kind == Alert.__name__).order_by(table.c.seq)
    told = [msgspec.msgpack.decode(body, type=Alert) for body in connection.execute(query).scalars()]
    return [f"{alert.severity}: {alert.message}" for alert in told if alert.severity != "info"]
