"""Positions on their way out: free the shares that resting orders reserve, then sell, then try again, until flat or handed to a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from tradebot.core.domain.book import Book
from tradebot.core.domain.commands import CancelOrder
from tradebot.core.domain.orders import OrderIntent
from tradebot.core.execution.planner import cancels_before_close, exit_intent, is_free_to_exit

ATTEMPTS_MAX = 5


class Closing(msgspec.Struct):
    """Why a position is closed, since which decision, and how many exits were tried."""

    reason: str
    decision_id: str
    attempts: int = 0


@dataclass(slots=True)
class Steps:
    """What to do now; `given_up` names symbols whose exits all failed."""

    exits: list[OrderIntent] = field(default_factory=list)
    cancels: list[CancelOrder] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)


def _all(symbol: str, held: int) -> int:
    return held


def next_steps(
    book: Book,
    closing: dict[str, Closing],
    mark_units: Callable[[str], int],
    now_ns: int,
    *,
    again: bool,
    agreed_qty: Callable[[str, int], int] = _all,
) -> Steps:
    """Take each closing position its next step; those that are flat, or given up, leave `closing`.

    `again` is said once a minute: it asks once more for cancels that were sent before, and tries an exit again that failed. The first
    exit goes out at once, for `agreed_qty(symbol, held)` shares; what refused it may be over in seconds (shares still reserved, books
    lagging), so a loop would waste every try.
    """
    steps = Steps()
    for symbol, plan in list(closing.items()):
        held = book.qty(symbol)
        if not held and not book.open_orders(symbol):
            del closing[symbol]
        elif not is_free_to_exit(book, symbol):
            steps.cancels += cancels_before_close(book, symbol, plan.reason, again=again)
        elif not (agreed := agreed_qty(symbol, held)):
            continue  # the broker says that nothing is held: a sale could turn the position around
        elif plan.attempts >= ATTEMPTS_MAX:
            del closing[symbol]
            steps.given_up.append(symbol)
        elif again or not plan.attempts:
            plan.attempts += 1
            steps.exits.append(exit_intent(plan.decision_id, symbol, agreed, mark_units(symbol), plan.reason, now_ns, plan.attempts))
    return steps
