"""Events in a line each, for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tradebot.core.domain.commands import Alert, CancelOrder, Command, LookUpOrder, RecordDecision, RecordFill, SubmitOrder
from tradebot.core.domain.events import Event, MinuteClosed, OrderReported
from tradebot.core.domain.orders import OrderReport
from tradebot.core.domain.units import usd_text

NEW_YORK = ZoneInfo("America/New_York")


def stamp(ts_ns: int) -> str:
    """New York's date and time, to the millisecond."""
    at = dt.datetime.fromtimestamp(ts_ns // 10**9, NEW_YORK)
    return f"{at:%a %Y-%m-%d %H:%M:%S}.{ts_ns // 10**6 % 1000:03d}"


def tell_event(ts_ns: int, event: Event, commands: Sequence[Command]) -> str:
    answers = [answer for command in commands if (answer := _command(command))]
    return f"{stamp(ts_ns)} {_event(event)}" + (f" -> {'; '.join(answers)}" if answers else "")


def _event(event: Event) -> str:
    if isinstance(event, MinuteClosed):
        closes = " ".join(
            f"{s} {usd_text(int(c))}" if p else f"{s} -" for s, c, p in zip(event.symbols, event.close, event.present, strict=True)
        )
        return f"minute {stamp(event.minute_ns)[15:20]} {closes}"
    if isinstance(event, OrderReported):
        return f"reported by {event.report.source}: {_report(event.report)}"
    fields = ((name, getattr(event, name)) for name in event.__struct_fields__ if name != "ts_event_ns")
    return f"{type(event).__name__} {' '.join(f'{name}={value}' for name, value in fields)}"


def _report(report: OrderReport) -> str:
    legs = "".join(f" [{_report(leg)}]" for leg in report.legs)
    return (
        f"{report.client_order_id} {report.side} {report.symbol} {report.kind} {report.status} {report.filled_qty}/{report.qty}"
        f" ({report.broker_id[-5:]}){legs}"
    )


def _command(command: Command) -> str:
    match command:
        case SubmitOrder(intent=i):
            return f"submit {i.client_order_id} {i.side} {i.qty} {i.symbol} {i.kind} ({i.reason})"
        case CancelOrder(client_order_id=key, reason=reason):
            return f"cancel {key} ({reason})"
        case LookUpOrder(client_order_id=key):
            return f"look up {key}"
        case RecordFill(fill=fill):
            return f"fill {fill.side} {fill.qty} {fill.symbol} at {usd_text(fill.price_units)}"
        case Alert(severity=severity, message=message):
            return f"{severity}: {message}"
        case RecordDecision():
            return ""
        case _:
            return type(command).__name__
