"""`why`: one symbol's minute from what was seen to what became of it, as the journal recorded it. Nothing is computed again."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from tradebot.app.journal import journal_url
from tradebot.app.recorded_day import RecordedDay, minute_after, place_of, recorded_day
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.orders import Fill, Role
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import usd_text
from tradebot.settings import load_settings, read_environment
from tradebot.shell.store.explained import Ordered, Said, decided, fills_between, orders_since, trade_of, words_about
from tradebot.shell.store.reads import reading

ENTER: Final = "enter"
REFUSED: Final = "refused: "
REPLACED: Final = "+"  # ends the key of an order that another took the place of (core/domain/book.py)


def why_traded(profile: str, symbol: str, clock: str, *, date: dt.date | None = None, path: Path | None = None) -> dict[str, Any]:
    """The minute that starts at HH:MM in the profile's time zone, by default of the newest recorded day.

    Raises OperatorFault for a symbol, minute or day that was not decided.
    """
    settings = load_settings(profile, read_environment())
    with reading(journal_url(profile, path)) as connection:
        day = recorded_day(connection, settings, date)
        minute_ns = day.minute_at(clock)
        seq, decision = next(decided(connection, minute_ns, minute_after(minute_ns)))
        return explained(connection, day, seq, decision, place_of(symbol, decision.symbols, day.date))


def explained(connection: Connection, day: RecordedDay, seq: int, decision: Decision, n: int) -> dict[str, Any]:
    """Decision `seq`'s words about its symbol `n`, its orders, and what came of them that day."""
    later = orders_since(connection, decision.symbols[n], seq, day.end_ns)
    own = _of_decision(later, seq, decision.order_ids[n])
    entries = [order.intent.client_order_id for order in own if order.intent.role is Role.ENTRY]
    found = trade_of(connection, [*entries, *(f"{entry}{REPLACED}" for entry in entries)])
    until = seq if found is None else found[0]
    orders = [order for order in later if order in own or (found is not None and order.seq <= until)]
    fills = _fills_of(connection, orders, decision, n, day)
    trade = None if found is None else found[1]
    return {
        "symbol": decision.symbols[n],
        "minute_ns": decision.minute_ns,
        "decided_ns": decision.ts_event_ns,
        "decision_id": decision.decision_id,
        "became": became(decision, n, own, fills, trade),
        "forecast": forecast_of(decision, n),
        "strategies": _strategies(decision, n),
        "features": [
            {"feature": name, "value": float(value)} for name, value in zip(decision.feature_names, decision.features[n], strict=False)
        ],
        "sizing": _sizing(decision, n),
        "limits": {"verdict": _limits(decision, n)},
        "orders": [_order(order) for order in orders],
        "reports": [_said(word) for word in words_about(connection, orders, day.end_ns)],
        "fills": [_fill(fill) for fill in fills],
        "trade": {} if trade is None else _trade(trade),
    }


def forecast_of(decision: Decision, n: int) -> dict[str, Any]:
    """Who thought what of a symbol, and what would have been enough."""
    out: dict[str, Any] = {
        "model": decision.model_id,
        "confidence": float(decision.confidence[n]),
        "threshold": decision.threshold,
        "price_units": int(decision.price_units[n]),
        "reason": decision.reasons[n],
    }
    thoughts = decision.thoughts
    if thoughts is not None:
        out |= {"regime": thoughts.regimes[n] or "unknown", "arm": thoughts.arms[n], "propensity": float(thoughts.propensities[n])}
    return out


def _strategies(decision: Decision, n: int) -> list[dict[str, Any]]:
    """What weighed most first."""
    thoughts = decision.thoughts
    if thoughts is None:
        return []
    rows = [
        {"strategy": name, "signal": float(signal), "weight": float(weight), "contribution": float(signal * weight)}
        for name, signal, weight in zip(thoughts.strategies, thoughts.signals[n], thoughts.weights[n], strict=True)
    ]
    return sorted(rows, key=lambda row: -_weight_of(row))


def _weight_of(row: dict[str, Any]) -> float:
    contribution = abs(float(row["contribution"]))
    return 0.0 if math.isnan(contribution) else contribution  # an unknown signal weighs nothing


def _sizing(decision: Decision, n: int) -> dict[str, Any]:
    record = next((size for size in decision.sizes if size.symbol == decision.symbols[n]), None)
    if record is None:
        return {"rule": "not asked: it was no candidate"}
    return {"rule": record.rule, **record.factors, "shares_before_limits": record.shares, "shares_asked_for": int(decision.qty[n])}


def _limits(decision: Decision, n: int) -> str:
    reason = decision.reasons[n]
    if reason.startswith(REFUSED):
        return reason
    if reason != ENTER:
        return f"not asked: {reason}"
    wanted = next((size.shares for size in decision.sizes if size.symbol == decision.symbols[n]), 0)
    asked = abs(int(decision.qty[n]))
    return f"passed, {wanted} shares made {asked} near a limit" if wanted > asked else "passed"


def _of_decision(orders: Sequence[Ordered], seq: int, order_id: str) -> list[Ordered]:
    """Those that the decision's own event asked for, and the slices of its order that followed."""
    return [order for order in orders if order.seq == seq or (order_id and order.intent.parent_id == order_id)]


def _fills_of(connection: Connection, orders: Sequence[Ordered], decision: Decision, n: int, day: RecordedDay) -> list[Fill]:
    ids = {order.intent.client_order_id for order in orders}
    found = fills_between(connection, decision.ts_event_ns, day.end_ns, decision.symbols[n])
    return [fill for fill in found if fill.client_order_id.partition("/")[0].rstrip(REPLACED) in ids]


def became(decision: Decision, n: int, own: Sequence[Ordered], fills: Sequence[Fill], trade: Trade | None) -> str:
    """One sentence: what came of a symbol's minute."""
    if not own:
        return f"no order: {decision.reasons[n]}"
    if trade is not None:
        entry = f"{trade.side.value} {trade.qty} at {usd_text(_average(trade.entry_units, trade.qty))}"
        if trade.status != "CLOSED":
            return f"{entry}, still open"
        out = f"out at {usd_text(_average(trade.exit_units, trade.exit_qty))} ({trade.exit_reason})"
        return f"{entry}, {out}: P&L {usd_text(trade.pnl_units)} before fees"
    first = own[0]
    done = sum(fill.qty for fill in fills if fill.client_order_id == first.intent.client_order_id)
    words = f"{first.intent.side.value} {first.intent.qty} ({first.intent.role.value}, {first.intent.reason})"
    return f"{words}: {done} filled" if done else f"{words}: not filled, {first.state}"


def _average(notional_units: int, qty: int) -> int:
    """Nearest unit, as Fill.price_units."""
    return (2 * notional_units + qty) // (2 * qty) if qty else 0


def _order(order: Ordered) -> dict[str, Any]:
    intent = order.intent
    return {
        "client_order_id": intent.client_order_id,
        "decided_ns": intent.decided_ns,
        "role": intent.role.value,
        "side": intent.side.value,
        "qty": intent.qty,
        "kind": intent.kind.value,
        "limit_units": intent.limit_units or None,
        "stop_units": (intent.bracket.stop_units if intent.bracket is not None else intent.stop_units) or None,
        "target_units": intent.bracket.target_units if intent.bracket is not None else None,
        "reason": intent.reason,
        "why_this_kind": intent.choice,
        "state": order.state,
    }


def _said(word: Said) -> dict[str, Any]:
    return {
        "at_ns": word.ts_ns,
        "broker_id": word.broker_id,
        "source": word.source,
        "status": word.status,
        "filled_qty": word.filled_qty,
        "filled_units": word.filled_units,
        "reason": word.reason,
    }


def _fill(fill: Fill) -> dict[str, Any]:
    return {
        "at_ns": fill.ts_event_ns,
        "order": fill.client_order_id,
        "role": fill.role.value,
        "side": fill.side.value,
        "qty": fill.qty,
        "price_units": fill.price_units,
        "notional_units": fill.notional_units,
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "trade_id": trade.trade_id,
        "status": trade.status,
        "qty": trade.qty,
        "entered_ns": trade.entry_ns,
        "entry_units": trade.entry_units,
        "left_ns": trade.exit_ns,
        "exit_units": trade.exit_units,
        "exit_reason": trade.exit_reason,
        "pnl_units": trade.pnl_units,
        "pnl_fraction": trade.pnl_fraction,
    }
