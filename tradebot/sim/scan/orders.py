"""What is sent to the ideal venue, and what it refuses: the steps of `core.execution.closing` and the rules of `sim.venue_rules`."""

from __future__ import annotations

from tradebot.core.execution import exits, order_type
from tradebot.core.execution.closing import ATTEMPTS_MAX
from tradebot.core.kernels.kernel import kernel
from tradebot.sim.scan.fills import buy_units, enlist, enter_at_open, note, release, sell_at_market, sell_units
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    ATTEMPTS,
    BUSY,
    CASH,
    CLOSING,
    DECIDED,
    DECIDED_NS,
    EXIT,
    FLAT,
    LEGS,
    LIMIT,
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
    UNFILLED,
    WANT,
    WHY_MARK,
    WHY_ROW,
    Bars,
    Book,
    Int,
    Rules,
    Wishes,
)

_CENT = 100
_MARGIN_EQUITY = 20_000_000  # 2,000 dollars

stop_units_of = kernel(exits.stop_units_of)
target_units_of = kernel(exits.target_units_of)
entry_limit_units = kernel(order_type.entry_limit_units)


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
        reserved += book.rows[n, WANT] * (book.rows[n, LIMIT] or price)
    multiplier = 1 if equity < _MARGIN_EQUITY else rules.margin_multiplier
    return max(multiplier * equity - exposure - reserved, 0)


@kernel
def limit_of(bars: Bars, wishes: Wishes, rules: Rules, t: int, n: int) -> int:
    """The limit of an entry decided on minute t, 0 = at the market."""
    price, spread = bars.close[t, n], int(wishes.spread[t, n]) if wishes.spread.shape[0] else 0
    stop, target = stop_units_of(price, rules.stop_fraction), target_units_of(price, rules.target_fraction)
    return int(entry_limit_units(price, spread, stop, target, rules.entry_style, rules.limit_band_bps, rules.wide_spread_bps))


@inlined
def take_back(book: Book, at_ns: int, patience_ns: int) -> None:
    """Entries that still wait `patience_ns` after their decision are cancelled, and counted for those who would try again."""
    for i in range(book.account[BUSY] - 1, -1, -1):
        n = book.busy[i]
        row = book.rows[n]
        if row[WANT] and at_ns - row[DECIDED_NS] >= patience_ns:
            row[WANT] = 0
            row[UNFILLED] += 1
            release(book, n)


@kernel
def take_back_all(book: Book) -> None:
    """Every entry that waits is cancelled."""
    for i in range(book.account[BUSY] - 1, -1, -1):
        n = book.busy[i]
        if book.rows[n, WANT]:
            book.rows[n, WANT] = 0
            release(book, n)


@inlined
def submit_entry(
    book: Book, trades: Int, fills: Int, orders: Int, bars: Bars, rules: Rules, t: int, n: int, shares: int, limit: int, at_ns: int
) -> None:
    """A protected buy decided on minute t, inside the session: filled at the next open, waiting for a bar or a price, or refused."""
    row, reference = book.rows[n], bars.close[t, n]
    note(orders, book.account, ORDERS, at_ns, n, shares, 0, reference)
    stop, target = stop_units_of(reference, rules.stop_fraction), target_units_of(reference, rules.target_fraction)
    has_bar = bars.present[t + 1, n]
    base = limit or price_now(book, bars, t, n)
    cost = shares * (buy_units(bars, t + 1, n, rules.half_spread) if has_bar and not limit else base)
    shapeless = stop <= 0 or target <= 0 or target - stop < _CENT or target - base < _CENT or base - stop < _CENT
    if shapeless or cost > buying_power(book, bars, rules, t):
        book.account[REFUSALS] += 1
        return
    enlist(book, n)
    row[WANT], row[REFERENCE], row[STOP_PRICE], row[TARGET_PRICE], row[DECIDED] = shares, reference, stop, target, t
    row[LIMIT], row[DECIDED_NS] = limit, at_ns
    if has_bar:
        enter_at_open(book, trades, fills, bars, rules, t + 1, n, at_ns, False)


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
    for i in range(book.account[BUSY]):
        want_closed(book, book.busy[i], FLAT, t)
    take_back_all(book)
    advance_closes(book, trades, fills, orders, bars, rules, next_t, at_ns, False)
