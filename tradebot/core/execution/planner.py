"""From a wish to orders: ids that are pure functions of the decision, protected entries, and the steps of a close."""

from __future__ import annotations

from collections.abc import Sequence

from tradebot.core.domain.book import Book, WorkingOrder
from tradebot.core.domain.commands import CancelOrder
from tradebot.core.domain.orders import Bracket, OrderIntent, Role, Side
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.execution.cover import legs_are_unknown
from tradebot.core.execution.order_type import AT_MARKET, URGENT, Choice


def entry_intent(
    decision_id: str, symbol: str, qty: int, price_units: int, bracket: Bracket, confidence: float, now_ns: int, choice: Choice = AT_MARKET
) -> OrderIntent:
    """A buy of the chosen kind with its stop and target."""
    return OrderIntent(
        client_order_id=f"{decision_id}-{symbol}-entry",
        decision_id=decision_id,
        symbol=symbol,
        side=Side.BUY,
        qty=qty,
        role=Role.ENTRY,
        reason=f"confidence {confidence:.3f}",
        reference_units=price_units,
        decided_ns=now_ns,
        kind=choice.kind,
        limit_units=choice.limit_units,
        bracket=bracket,
        confidence=confidence,
        choice=choice.reason,
    )


def exit_intent(decision_id: str, symbol: str, held: int, price_units: int, reason: str, now_ns: int, attempt: int) -> OrderIntent:
    """A market order that closes what is held."""
    return OrderIntent(
        client_order_id=f"{decision_id}-{symbol}-exit{attempt}",
        decision_id=decision_id,
        symbol=symbol,
        side=Side.SELL if held > 0 else Side.BUY,
        qty=abs(held),
        role=Role.EXIT,
        reason=reason,
        reference_units=price_units,
        decided_ns=now_ns,
        choice=URGENT.reason,
    )


def cancels_before_close(book: Book, symbol: str, reason: str, *, again: bool) -> Sequence[CancelOrder]:
    """Cancels that free a symbol's shares: resting legs reserve them at the broker, and an entry could still fill.

    Of two legs only the target is named, for the broker cancels the sibling. `again` asks once more for everything that
    is still open a minute later: a cancel may be lost or stuck (WIRE.md section 7).
    """
    cancels = []
    for order in book.open_orders(symbol):
        if order.role is Role.EXIT or not order.broker_id or not (again or _is_to_cancel(book, order)):
            continue
        order.cancel_sent = True
        cancels.append(CancelOrder(order.broker_id, order.key, reason))
    return cancels


def is_free_to_exit(book: Book, symbol: str) -> bool:
    """Shares are held, nothing of ours reserves them, seen or not, and no exit is on its way."""
    return book.qty(symbol) != 0 and not book.open_orders(symbol) and not legs_are_unknown(book, symbol)


def overdue(book: Book, now_ns: int, patience_s: float) -> list[WorkingOrder]:
    """Entries that still work `patience_s` after their decision; those without a broker's id can't be cancelled yet."""
    oldest_ns = now_ns - round(patience_s * NS_PER_S)
    return [o for o in book.open_orders() if o.role is Role.ENTRY and o.broker_id and o.decided_ns <= oldest_ns]


def _is_to_cancel(book: Book, order: WorkingOrder) -> bool:
    if order.cancel_sent:
        return False
    if order.role is not Role.STOP or not order.group:
        return True
    named = (book.orders.get(key) for key in (order.group, f"{order.group}/{Role.TARGET}"))
    siblings = (*(o for o in named if o is not None), *(o for o in book.open_orders(order.symbol) if o.group == order.group))
    return not any(o.role is Role.TARGET and (o.is_open or o.cancel_sent) for o in siblings)
