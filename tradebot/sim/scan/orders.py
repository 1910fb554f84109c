"""What is sent to the ideal venue, and what it refuses: the steps of `core.execution.closing` and the rules of `sim.venue_rules`."""

from __future__ import annotations

from tradebot.core.execution import exits
from tradebot.core.execution.closing import ATTEMPTS_MAX
from tradebot.core.kernels.kernel import kernel
from tradebot.sim.scan.fills import buy_units, enlist, enter, note, release, sell_at_market, sell_units
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    ATTEMPTS,
    BUSY,
    CASH,
    CLOSING,
    DECIDED,
    EXIT,
    FLAT,
    LEGS,
    LOCKED,
    NO_EXIT,
    ORDERS,
    QTY,
    QUEUED,
    REFERENCE,
    REFUSALS,
    RESTING,
    STOP_PRICE,
    TARGET_PRICE,
    WANT,
    WHY_MARK,
    WHY_ROW,
    Bars,
    Book,
    Int,
    Rules,
)

_CENT = 100
_MARGIN_EQUITY = 20_000_000  # 2,000 dollars

stop_units_of = kernel(exits.stop_units_of)
target_units_of = kernel(exits.target_units_of)


@inlined
def price_now(book: Book, bars: Bars, t: int, n: int) -> int:
    """The venue's price at the end of minute t: the next minute's open, the last close where it has no bar."""
    return int(bars.open[t + 1, n] if bars.present[t + 1, n] else book.marks[n])


@inlined
def buying_power(book: Book, bars: Bars, rules: Rules, t: int) -> int:
    """`multiplier * equity - exposure - reserved by entries that wait`, at least 0, at the end of minute t."""
    equity, exposure, reserved = int(book.account[CASH]), 0, 0
    for i in range(book.account[BUSY]):
        n = book.busy[i]
        price = price_now(book, bars, t, n)
        equity += book.rows[n, QTY] * price
        exposure += book.rows[n, QTY] * price
        reserved += book.rows[n, WANT] * price
    multiplier = 1 if equity < _MARGIN_EQUITY else rules.margin_multiplier
    return max(multiplier * equity - exposure - reserved, 0)


@inlined
def submit_entry(
    book: Book, trades: Int, fills: Int, orders: Int, bars: Bars, rules: Rules, t: int, n: int, shares: int, at_ns: int
) -> None:
    """A protected market buy decided on minute t, inside the session: filled at the next open, waiting for a bar, or refused."""
    row, reference = book.rows[n], bars.close[t, n]
    note(orders, book.account, ORDERS, at_ns, n, shares, 0, reference)
    stop, target = stop_units_of(reference, rules.stop_fraction), target_units_of(reference, rules.target_fraction)
    has_bar = bars.present[t + 1, n]
    base = price_now(book, bars, t, n)
    cost = shares * (buy_units(bars, t + 1, n, rules.half_spread) if has_bar else base)
    shapeless = stop <= 0 or target <= 0 or target - stop < _CENT or target - base < _CENT or base - stop < _CENT
    if shapeless or cost > buying_power(book, bars, rules, t):
        book.account[REFUSALS] += 1
        return
    enlist(book, n)
    row[WANT], row[REFERENCE], row[STOP_PRICE], row[TARGET_PRICE], row[DECIDED] = shares, reference, stop, target, t
    if has_bar:
        enter(book, trades, fills, bars, rules, t + 1, n, at_ns)


@inlined
def want_closed(book: Book, n: int, why: int, t: int) -> None:
    """The position is to be closed, unless it is being closed already."""
    row = book.rows[n]
    if row[QTY] and not row[CLOSING]:
        row[CLOSING], row[ATTEMPTS], row[WHY_ROW], row[WHY_MARK] = why, 0, t, book.marks[n]


@inlined
def advance_closes(
    book: Book, trades: Int, fills: Int, orders: Int, bars: Bars, rules: Rules, next_t: int, at_ns: int, again: bool
) -> None:
    """The next step of each position that is being closed; row `next_t` is the minute that begins now, -1 outside the session."""
    for i in range(book.account[BUSY] - 1, -1, -1):
        n = book.busy[i]
        row = book.rows[n]
        if not row[CLOSING] or row[EXIT] != NO_EXIT:
            continue
        row[LEGS] = 0  # cancelling one leg cancels both, and frees the shares at once
        if row[ATTEMPTS] >= ATTEMPTS_MAX:
            row[CLOSING], row[LOCKED] = 0, 1
        elif again or not row[ATTEMPTS]:
            row[ATTEMPTS] += 1
            note(orders, book.account, ORDERS, at_ns, n, -row[QTY], 0, book.marks[n])
            if next_t < 0:
                row[EXIT] = QUEUED
            elif bars.present[next_t, n]:
                bid, path = sell_units(bars, next_t, n, rules.half_spread), int(bars.open[next_t, n])
                sell_at_market(book, trades, fills, bars, rules, n, bid, 1, path, at_ns, row[CLOSING])
            else:
                row[EXIT] = RESTING


@kernel
def flatten(book: Book, trades: Int, fills: Int, orders: Int, bars: Bars, rules: Rules, t: int, next_t: int, at_ns: int) -> None:
    """Entries that wait are cancelled, positions closed."""
    for i in range(book.account[BUSY] - 1, -1, -1):
        n = book.busy[i]
        want_closed(book, n, FLAT, t)
        if book.rows[n, WANT]:
            book.rows[n, WANT] = 0
            release(book, n)
    advance_closes(book, trades, fills, orders, bars, rules, next_t, at_ns, False)
