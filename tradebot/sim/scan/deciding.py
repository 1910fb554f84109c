"""The engine's minute in the scan: what trips, what is opened, what is closed."""

from __future__ import annotations

from tradebot.core.execution import exits
from tradebot.core.kernels.kernel import kernel
from tradebot.core.risk import breaker
from tradebot.core.selection import entry
from tradebot.sim.scan.choosing import choose
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    ACTIVE,
    BUSY,
    CASH,
    COST,
    DAY_START,
    FORECAST,
    HALTED,
    HIGH_WATER,
    KILLED,
    LEGS,
    LIMIT,
    PLACE,
    QTY,
    REDUCING,
    REFERENCE,
    REFUSALS,
    SAFETY,
    TRIP_EQUITY,
    TRIP_START,
    WANT,
    WATCH,
    Bars,
    Book,
    Int,
    Rules,
    Wishes,
)
from tradebot.sim.scan.limits import worst_units
from tradebot.sim.scan.orders import advance_closes, submit_entry, take_back, take_back_all, want_closed

entry_code = kernel(entry.entry_code)
exit_code = kernel(exits.exit_code)
tripped = kernel(breaker.tripped)


@inlined
def decide(
    bars: Bars,
    wishes: Wishes,
    rules: Rules,
    book: Book,
    trades: Int,
    fills: Int,
    orders: Int,
    t: int,
    next_t: int,
    end_ns: int,
    blocked: bool,
) -> None:
    """The engine's minute: perceive, decide, watch, close."""
    account, count, missing = book.account, 0, False
    for n in range(len(book.marks)):
        if not bars.present[t, n]:
            missing = True
            continue
        price = bars.close[t, n]
        book.marks[n] = price
        code = entry_code(
            wishes.valid[t, n], wishes.conviction[t, n], price, book.rows[n, PLACE] >= 0,
            rules.confidence_min, rules.price_units_min, rules.price_units_max,
        )  # fmt: skip
        if code == 0:
            book.queue[count] = n
            count += 1
    known_ns = end_ns + rules.grace_ns if missing else end_ns
    equity, exposure, committed, waiting = account[CASH], 0, 0, False
    for i in range(account[BUSY]):
        n = book.busy[i]
        value = book.rows[n, QTY] * book.marks[n]
        equity += value
        exposure += value
        if book.rows[n, WANT]:
            worst = worst_units(book.rows[n, REFERENCE], book.rows[n, LIMIT], 1, rules.limits.price_collar_fraction)
            committed += book.rows[n, WANT] * worst
            waiting = True
    book.equity[t], book.exposure[t] = equity, exposure
    trip = breaker.HOLDS
    if account[SAFETY] != HALTED:
        trip = tripped(
            equity, account[DAY_START], account[HIGH_WATER], rules.day_loss_kills, rules.limits.daily_loss_fraction_max,
            rules.drawdown_fraction_max,
        )  # fmt: skip
    if trip != breaker.HOLDS:
        break_off(book, trip, equity, t)
    entries = 0
    if blocked or account[SAFETY] != ACTIVE:
        account[REFUSALS] += count
    elif count:
        entries = choose(bars, wishes, rules, book, t, end_ns, known_ns, count, equity, account[CASH] - committed, exposure + committed)
    if waiting:
        take_back(book, known_ns, rules.patience_ns)
        if trip != breaker.HOLDS:
            take_back_all(book)
    close_by_opinion(bars, wishes, rules, book, t)
    for i in range(entries):
        n = book.queue[len(book.queue) - 1 - i]
        submit_entry(book, trades, fills, orders, bars, rules, t, n, book.shares[i], book.limits[i], known_ns)
    advance_closes(book, trades, fills, orders, bars, rules, next_t, known_ns, True)


@kernel
def break_off(book: Book, trip: int, equity: int, t: int) -> None:
    """The breaker has tripped: nothing new from now on, and where it kills, everything held is to be closed."""
    account = book.account
    if trip == breaker.DAY_LOSS:
        account[SAFETY], account[TRIP_EQUITY], account[TRIP_START] = HALTED, equity, account[DAY_START]
        for i in range(account[BUSY]):
            want_closed(book, book.busy[i], KILLED, t)
    else:
        account[SAFETY] = REDUCING


@inlined
def close_by_opinion(bars: Bars, wishes: Wishes, rules: Rules, book: Book, t: int) -> None:
    """The software stop and target of what nothing protects, then what the strategies no longer want."""
    for i in range(book.account[BUSY]):
        n = book.busy[i]
        if not book.rows[n, LEGS] and bars.present[t, n] and exit_at_mark(book, rules, n):
            want_closed(book, n, WATCH, t)
        if len(wishes.exits) and wishes.exits[t, n]:
            want_closed(book, n, FORECAST, t)


@inlined
def exit_at_mark(book: Book, rules: Rules, n: int) -> int:
    """Stop or target of a position at its mark."""
    row = book.rows[n]
    return exit_code(row[QTY], row[COST], book.marks[n], rules.stop_fraction, rules.target_fraction)
