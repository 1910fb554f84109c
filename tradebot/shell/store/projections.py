"""What one event and its commands leave in the journal: rows by table, first the durable ones, then the bulky ones.

Pure: nothing here touches a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tradebot.core.domain.commands import Command, RecordDecision, RecordFill, RecordTrade, ReplaceOrder, SubmitOrder
from tradebot.core.domain.decision import Decision, predictions
from tradebot.core.domain.events import Event, JobEnded, OrderRefused, OrderReported, ReplyLost, encode_event, encode_hook
from tradebot.core.domain.orders import OrderReport
from tradebot.shell.store.chain import CommandRow, link

_ENCODER = msgspec.msgpack.Encoder(enc_hook=encode_hook)

Rows = defaultdict[str, list[dict[str, Any]]]


def encode(value: Any) -> bytes:
    return _ENCODER.encode(value)


def durable_rows(rows: Rows, seq: int, event: Event, commands: Sequence[Command], previous: bytes) -> bytes:
    """Rows that must be on disk before any command is obeyed: the event, the commands, intents, orders, fills, trades, jobs.

    `previous` is the hash of the event before; returned is this one's (store/chain.py).
    """
    kind, body = type(event).__name__, encode_event(event)
    asked = command_rows(commands)
    chained = link(previous, seq, event.ts_event_ns, kind, body, asked)
    rows["events"].append({"seq": seq, "ts_ns": event.ts_event_ns, "kind": kind, "body": body, "hash": chained})
    rows["commands"].extend({"seq": seq, "n": n, "kind": name, "body": words} for n, name, words in asked)
    _rows_of_event(rows, event)
    _rows_of_commands(rows, seq, commands)
    return chained


def command_rows(commands: Sequence[Command]) -> list[CommandRow]:
    """The commands as the journal keeps them; a decision is kept whole in `decisions`."""
    return [(n, type(c).__name__, encode(c)) for n, c in enumerate(commands) if not isinstance(c, RecordDecision)]


def _rows_of_commands(rows: Rows, seq: int, commands: Sequence[Command]) -> None:
    for command in commands:
        if isinstance(command, SubmitOrder | ReplaceOrder):
            intent = command.intent
            rows["intents"].append(
                {
                    "client_order_id": intent.client_order_id,
                    "seq": seq,
                    "symbol": intent.symbol,
                    "state": "intended",
                    "body": encode(intent),
                }
            )
        elif isinstance(command, RecordFill):
            fill = command.fill
            rows["fills"].append(
                {
                    "fill_id": fill.fill_id,
                    "seq": seq,
                    "client_order_id": fill.client_order_id,
                    "symbol": fill.symbol,
                    "side": fill.side.value,
                    "role": fill.role.value,
                    "qty": fill.qty,
                    "notional_units": fill.notional_units,
                    "ts_ns": fill.ts_event_ns,
                }
            )
        elif isinstance(command, RecordTrade):
            trade = command.trade
            rows["trades"].append(
                {
                    "trade_id": trade.trade_id,
                    "seq": seq,
                    "symbol": trade.symbol,
                    "status": trade.status,
                    "entry_ns": trade.entry_ns,
                    "pnl_units": trade.pnl_units,
                    "body": encode(trade),
                }
            )


def _rows_of_event(rows: Rows, event: Event) -> None:
    if isinstance(event, OrderReported):
        if event.report.source != "stream":  # the stream does not show a bracket's legs: without another word the order is looked up
            rows["intent_states"].append({"b_client_order_id": event.report.client_order_id, "b_state": "acknowledged"})
        rows["orders"].extend(_order_rows(event.report, ""))
    elif isinstance(event, ReplyLost):
        rows["intent_states"].append({"b_client_order_id": event.client_order_id, "b_state": "unknown"})
    elif isinstance(event, OrderRefused):
        rows["intent_states"].append({"b_client_order_id": event.client_order_id, "b_state": "refused"})
    elif isinstance(event, JobEnded):
        rows["jobs"].append(
            {
                "job": event.job,
                "session": event.session.isoformat(),
                "outcome": event.outcome,
                "reason": event.reason,
                "ts_ns": event.ts_event_ns,
            }
        )


def _order_rows(report: OrderReport, parent_id: str) -> Iterator[dict[str, Any]]:
    yield {
        "broker_id": report.broker_id,
        "client_order_id": report.client_order_id,
        "parent_id": parent_id,
        "symbol": report.symbol,
        "side": report.side.value,
        "kind": report.kind.value,
        "status": report.status.value,
        "is_terminal": report.status.is_terminal,
        "qty": report.qty,
        "filled_qty": report.filled_qty,
        "filled_units": report.filled_units,
        "limit_units": report.limit_units,
        "stop_units": report.stop_units,
        "ts_ns": report.ts_event_ns,
    }
    for leg in report.legs:
        yield from _order_rows(leg, report.broker_id)


def bulky_rows(rows: Rows, seq: int, commands: Sequence[Command]) -> None:
    """Rows that may follow a moment later: replaying the events gives them again."""
    for command in commands:
        if isinstance(command, RecordDecision):
            _rows_of_decision(rows, seq, command.decision)


def _rows_of_decision(rows: Rows, seq: int, decision: Decision) -> None:
    rows["decisions"].append(
        {
            "decision_id": decision.decision_id,
            "seq": seq,
            "minute_ns": decision.minute_ns,
            "ts_ns": decision.ts_event_ns,
            "model_id": decision.model_id,
            "body": encode(decision),
        }
    )
    for row in predictions(decision):
        rows["predictions"].append(
            {
                "ts_ns": row.timestamp_ns,
                "symbol": row.symbol,
                "signal": row.signal,
                "confidence": row.confidence,
                "price_units": row.price_units,
                "recommendation": row.recommendation,
                "meets_threshold": row.meets_threshold,
            }
        )
