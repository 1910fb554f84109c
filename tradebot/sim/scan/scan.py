"""The fast backtest's loop: T minutes of N symbols, the live steps in the engine's order against the ideal venue, in exact integers.

What `Engine` and `Simulation` do with events happens here in place, in the same order:

    the rest of the bar meets resting legs and limit entries; the next open meets whatever rests (the venue moves first);
    at the close: day orders expire, the session's fees are taken; then the minute is decided on (`deciding`, `choosing`):
    marks -> breaker -> candidates by conviction -> size -> limits -> throttle; what has not filled is taken back; entries;
    opinions and software stops close; closes advance

The flatten tick of the same instant comes after the minute, or before it where a bar was missing and the minute was closed late.
"""

from __future__ import annotations

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.kernels.kernel import kernel
from tradebot.sim.scan.deciding import decide, exit_at_mark
from tradebot.sim.scan.fills import meet_open, sell_at_market, sell_units, walk_bar, walk_entry
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    BUSY,
    CASH,
    CLOSING,
    DAY_START,
    EXIT,
    FEES,
    HIGH_WATER,
    LEGS,
    NO_EXIT,
    QTY,
    QUEUED,
    REBALANCE,
    RESTING,
    ROW,
    SESSION,
    SOLD_SHARES,
    SOLD_UNITS,
    TRADES,
    UNFILLED,
    WANT,
    Bars,
    Book,
    Days,
    Int,
    Rules,
    Wishes,
)
from tradebot.sim.scan.orders import advance_closes, flatten, want_closed


@kernel
def scan(
    bars: Bars, wishes: Wishes, days: Days, rules: Rules, minute_ns: Int, book: Book, trades: Int, fills: Int, orders: Int, room: int
) -> bool:
    """Go on until the last minute (True), or until fewer than `room` rows of `trades` are free (False): then come again with more."""
    account = book.account
    for s in range(account[SESSION], len(days.first)):
        for t in range(max(account[ROW], days.first[s]), days.end[s]):
            if account[TRADES] + room > len(trades):
                account[ROW] = t
                return False
            if t == days.first[s]:
                open_day(bars, days, rules, book, trades, fills, orders, s, t)
            run_minute(bars, wishes, days, rules, minute_ns[t], book, trades, fills, orders, s, t)
        account[SESSION] = s + 1
    return True


@kernel
def open_day(bars: Bars, days: Days, rules: Rules, book: Book, trades: Int, fills: Int, orders: Int, s: int, t: int) -> None:
    """The rebalance before the open, and what queued for it."""
    account = book.account
    account[DAY_START] = equity_units(book)
    if not account[HIGH_WATER]:
        account[HIGH_WATER] = max(account[DAY_START], 0)
    for n in range(len(book.marks)):
        book.rows[n, UNFILLED] = 0
    open_ns = days.open_ns[s]
    for i in range(account[BUSY]):
        n = book.busy[i]
        if exit_at_mark(book, rules, n):
            want_closed(book, n, REBALANCE, t)
    advance_closes(book, trades, fills, orders, bars, rules, -1, open_ns, False)
    if days.flatten_ns[s] <= open_ns:
        flatten(book, trades, fills, orders, bars, rules, t, -1, open_ns)
    for i in range(account[BUSY] - 1, -1, -1):
        n = book.busy[i]
        row = book.rows[n]
        if row[EXIT] == QUEUED:
            row[EXIT] = RESTING
            if bars.present[t, n]:
                bid, path = sell_units(bars, t, n, rules.half_spread), int(bars.open[t, n])
                sell_at_market(book, trades, fills, bars, rules, n, bid, 1, path, open_ns, row[CLOSING])


@inlined
def run_minute(
    bars: Bars, wishes: Wishes, days: Days, rules: Rules, minute_ns: int, book: Book, trades: Int, fills: Int, orders: Int, s: int, t: int
) -> None:
    """From the open of minute t to whatever its decision sets off."""
    account = book.account
    end_ns = minute_ns + NS_PER_MINUTE
    next_t = t + 1 if t + 1 < days.end[s] else -1
    for i in range(account[BUSY] - 1, -1, -1):
        n = book.busy[i]
        if bars.present[t, n]:
            if book.rows[n, LEGS]:
                walk_bar(book, trades, fills, bars, rules, t, n, minute_ns)
            elif book.rows[n, WANT]:
                walk_entry(book, trades, fills, bars, rules, t, n, minute_ns)
    if next_t < 0:
        close_day(book, rules, s)
        if comes_late(bars, rules, t):  # then the close is told of before the last minute
            account[HIGH_WATER] = max(account[HIGH_WATER], equity_units(book))
    else:
        for i in range(account[BUSY] - 1, -1, -1):
            n = book.busy[i]
            if bars.present[next_t, n]:
                meet_open(book, trades, fills, bars, rules, next_t, n, end_ns)
    flat_now = end_ns == days.flatten_ns[s]
    late = flat_now and comes_late(bars, rules, t)
    if late:
        flatten(book, trades, fills, orders, bars, rules, t, next_t, end_ns)
    decide(bars, wishes, rules, book, trades, fills, orders, t, next_t, end_ns, end_ns >= days.flatten_ns[s])
    if flat_now and not late:
        flatten(book, trades, fills, orders, bars, rules, t, next_t, end_ns)
    if next_t < 0 and not comes_late(bars, rules, t):
        account[HIGH_WATER] = max(account[HIGH_WATER], equity_units(book))


@kernel
def comes_late(bars: Bars, rules: Rules, t: int) -> bool:
    """The minute was closed after the grace, without all its bars."""
    if not rules.grace_ns:
        return False
    for n in range(bars.present.shape[1]):  # noqa: SIM110  (numba compiles no generator here)
        if not bars.present[t, n]:
            return True
    return False


@inlined
def equity_units(book: Book) -> int:
    """Cash and positions at their marks."""
    total = int(book.account[CASH])
    for i in range(book.account[BUSY]):
        n = book.busy[i]
        total += book.rows[n, QTY] * book.marks[n]
    return total


@kernel
def close_day(book: Book, rules: Rules, s: int) -> None:
    """Day orders expire, and the session's fees leave the cash."""
    account = book.account
    for i in range(account[BUSY]):
        row = book.rows[book.busy[i]]
        row[LEGS] = 0
        if row[EXIT] == RESTING:
            row[EXIT] = NO_EXIT
    fee = (
        part_ceil(account[SOLD_UNITS], rules.sec_num, rules.sec_den) + part_ceil(account[SOLD_SHARES], rules.taf_num, rules.taf_den)
    ) * 100
    book.fees[s], book.sold[s] = fee, account[SOLD_UNITS]
    account[CASH] -= fee
    account[FEES] += fee
    account[SOLD_UNITS] = account[SOLD_SHARES] = 0


@kernel
def part_ceil(amount: int, num: int, den: int) -> int:
    """ceil(amount * num / den) without an overflow on the way."""
    return amount // den * num - ((-(amount % den) * num) // den)
