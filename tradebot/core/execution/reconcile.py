"""Our books beside the broker's: what differs and can't be explained by something still in flight."""

from __future__ import annotations

from tradebot.core.domain.book import Book
from tradebot.core.domain.events import AccountReconciled
from tradebot.core.domain.units import usd_text

CASH_TOLERANCE_UNITS = 100  # one cent: brokers round average prices


def differences(book: Book, facts: AccountReconciled) -> dict[str, str]:
    """Unexplained differences by symbol, "" for cash and the account itself; empty when the books agree.

    A symbol with an open order may differ for seconds (WIRE.md section 7), so it and the cash are compared only when quiet.
    """
    found: dict[str, str] = {}
    if facts.account_number != book.account_number:
        found[""] = f"account {facts.account_number} is not {book.account_number}"
        return found
    moving = {o.symbol for o in book.open_orders() if not _rests(o.role)}
    theirs = {p.symbol: p.qty for p in facts.positions}
    for symbol in sorted(theirs.keys() | {s for s, p in book.positions.items() if p.qty}):
        ours, broker = book.qty(symbol), theirs.get(symbol, 0)
        if symbol not in moving and ours != broker:
            found[symbol] = f"{symbol}: we hold {ours}, the broker says {broker}"
    if not moving and not found and abs(book.cash_units - facts.cash_units) > CASH_TOLERANCE_UNITS:
        found[""] = f"cash: we count {usd_text(book.cash_units)}, the broker says {usd_text(facts.cash_units)}"
    return found


def _rests(role: str) -> bool:
    return role in ("stop", "target")
