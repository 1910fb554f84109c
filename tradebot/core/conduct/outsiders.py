"""Orders that are not ours: placed by a person in the broker's web page or by the broker itself (F41, F42). They are booked like any other.

An order is ours when its id begins with the profile's name. A bracket's leg has an id of the broker's, so an order that may be a leg, or
that takes another's place, is never taken for an outsider: it comes with its parent. The stream shows no family: only a poll counts.
"""

from __future__ import annotations

from typing import Final

from tradebot.core.config import EngineConfig
from tradebot.core.domain.book import WorkingOrder
from tradebot.core.domain.commands import Alert, Command
from tradebot.core.domain.orders import OrderReport, Role
from tradebot.core.state import State

KEPT_MAX: Final = 1_000
_POLLED: Final = frozenset({"poll", "lookup"})
_COMPOUND: Final = frozenset({"bracket", "oco", "oto"})


def adopt_outsider(state: State, config: EngineConfig, report: OrderReport) -> list[Command]:
    """Enter an order that is not ours, before its report is applied. What it filled before the book was opened is in it already."""
    book = state.book
    if report.source not in _POLLED or not book.opened or not _is_outsider(state, config, report):
        return []
    state.outsiders = [*state.outsiders[1 - KEPT_MAX :], report.broker_id]
    is_older = report.submitted_ns < book.opened_ns
    if is_older and report.status.is_terminal:
        return []
    book.adopt(
        WorkingOrder(
            f"outside/{report.broker_id}",
            report.symbol,
            report.side,
            report.kind,
            Role.EXTERNAL,
            report.qty,
            report.status,
            report.submitted_ns,
            state.mark(report.symbol),
            broker_id=report.broker_id,
            filled_qty=report.filled_qty if is_older else 0,
            filled_units=report.filled_units if is_older else 0,
            limit_units=report.limit_units,
            stop_units=report.stop_units,
        )
    )
    words = f"{report.side} {report.qty} {report.symbol} is not ours ({report.status}): placed by a person or by the broker; it is booked"
    return [Alert("critical", f"order {report.broker_id}: {words}")]


def _is_outsider(state: State, config: EngineConfig, report: OrderReport) -> bool:
    book = state.book
    return (
        report.broker_id not in book.key_of_broker_id
        and report.client_order_id not in book.orders
        and not report.client_order_id.startswith(f"{config.profile}-")
        and not report.replaces
        and (report.order_class not in _COMPOUND or bool(report.legs))
        and report.broker_id not in state.outsiders
    )
