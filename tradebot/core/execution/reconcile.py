"""Our books beside the broker's: what differs and can't be explained by something still in flight (I4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tradebot.core.domain.book import Book, Position
from tradebot.core.domain.events import AccountReconciled, PositionFact
from tradebot.core.domain.orders import Role
from tradebot.core.domain.units import NS_PER_S, usd_text

CASH_TOLERANCE_UNITS: Final = 100  # one cent: brokers round average prices
GRACE_NS: Final = 15 * NS_PER_S  # T_recon: a broker's positions may lag its orders by 10 s (WIRE.md section 7)
PRICE_TOLERANCE: Final = 0.005  # of a split's average price
SPLITS: Final = (
    *((n, 1) for n in range(2, 51)),
    *((1, n) for n in range(2, 51)),
    *((3, 2), (5, 2), (4, 3), (5, 3), (5, 4), (7, 2), (7, 5), (6, 5), (9, 2), (11, 10), (21, 20)),
)
"""New shares for old ones"""


class Dispute(msgspec.Struct):
    """What we hold of a symbol and what the broker says, signed shares, when they were found to differ."""

    ours: int
    theirs: int


class Comparison(msgspec.Struct):
    """`found` by symbol, in words; "" is the cash or the account itself. `waits`: something moves, and may explain more."""

    found: dict[str, str] = {}
    waits: bool = False


def compare(book: Book, facts: AccountReconciled, filled_ns: Mapping[str, int]) -> Comparison:
    """The differences that nothing in flight explains. `filled_ns` tells when a symbol was last filled.

    A symbol with an order at work, or filled within the grace, is compared the next time; the cash only when nothing moves at all.
    """
    if facts.account_number != book.account_number:
        return Comparison({"": f"account {facts.account_number} is not {book.account_number}"})
    comparison = Comparison({})
    lately = {symbol for symbol, ts_ns in filled_ns.items() if facts.ts_event_ns - ts_ns < GRACE_NS}
    moving = {o.symbol for o in book.open_orders() if o.role not in (Role.STOP, Role.TARGET)}
    theirs = {p.symbol: p.qty for p in facts.positions}
    for symbol in sorted(theirs.keys() | {s for s, p in book.positions.items() if p.qty}):
        ours, broker = book.qty(symbol), theirs.get(symbol, 0)
        if ours == broker:
            continue
        if symbol in moving or symbol in lately:
            comparison.waits = True
        else:
            comparison.found[symbol] = f"{symbol}: we hold {ours}, the broker says {broker}"
    comparison.found |= _renamed(book, facts, comparison.found)
    if moving or lately:
        comparison.waits = comparison.waits or abs(book.cash_units - facts.cash_units) > CASH_TOLERANCE_UNITS
    elif not comparison.found and abs(book.cash_units - facts.cash_units) > CASH_TOLERANCE_UNITS:
        comparison.found[""] = f"cash: we count {usd_text(book.cash_units)}, the broker says {usd_text(facts.cash_units)}"
    return comparison


def agreed(dispute: Dispute | None, held: int) -> int:
    """Signed shares that may be closed: what both we and the broker say is held."""
    if dispute is None:
        return held
    both = min(abs(held), abs(dispute.theirs)) if (held > 0) is (dispute.theirs > 0) else 0
    return both if held > 0 else -both


def _renamed(book: Book, facts: AccountReconciled, found: Mapping[str, str]) -> dict[str, str]:
    """A hint where one symbol has gone and another has come with the same shares (F54)."""
    theirs = {p.symbol: p.qty for p in facts.positions}
    gone = {book.qty(s): s for s in found if book.qty(s) and not theirs.get(s, 0)}
    came = {s: theirs[s] for s in found if theirs.get(s, 0) and not book.qty(s)}
    pairs = {new: gone[qty] for new, qty in came.items() if qty in gone}
    hint = {new: f"{found[new]}; {old} may have been renamed" for new, old in pairs.items()}
    return hint | {old: f"{found[old]}; it may have been renamed {new}" for new, old in pairs.items()}


def split_of(held: Position, fact: PositionFact) -> tuple[int, int] | None:
    """(new, old) when the broker's shares and average price are those of a split; None where they are not.

    A trade cannot look like that: it would have to fill for nothing.
    """
    ours, theirs = abs(held.qty), abs(fact.qty)
    if ours == theirs or not ours or not theirs or (held.qty > 0) is not (fact.qty > 0):
        return None
    was, now = held.cost_units / held.qty, fact.cost_units / fact.qty
    for new, old in SPLITS:
        if theirs == ours * new // old and abs(now * new - was * old) <= PRICE_TOLERANCE * was * old:
            return new, old
    return None
