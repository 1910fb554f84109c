"""The fast backtest's loop: T minutes of N symbols, the live steps in the engine's order against the ideal venue, in exact integers.

What `Engine` and `Simulation` do with events happens here in place, in the same order:

    the bar's low, high and close meet the resting legs; the next open meets whatever rests (the venue moves first);
    at the close: day orders expire, the session's fees are taken; then the minute is decided on:
    marks -> candidates by conviction -> size -> limits -> throttle -> entries; opinions and software stops close; closes advance

The flatten tick of the same instant comes after the minute, or before it where a bar was missing and the minute was closed late.
"""

from __future__ import annotations

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.execution import exits
from tradebot.core.kernels.kernel import kernel
from tradebot.core.portfolio import sizing
from tradebot.core.risk import breaker
from tradebot.core.risk.limits.numbers import SHARES_MAX, Asked, Seen
from tradebot.core.selection import entry
from tradebot.core.strategies import gates
from tradebot.sim.scan.fills import meet_open, sell_at_market, sell_units, walk_bar, walk_entry
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    ACTIVE,
    ASKED_LAST_NS,
    ASKED_NS,
    ASKED_ORDERS,
    ASKED_UNITS,
    BUSY,
    CASH,
    CLOSING,
    COST,
    DAY_START,
    EXIT,
    FEES,
    FORECAST,
    HALTED,
    HIGH_WATER,
    KILLED,
    LAST_ENTRY_NS,
    LEGS,
    LIMIT,
    LOCKED,
    NO_EXIT,
    PLACE,
    QTY,
    QUEUED,
    REBALANCE,
    REDUCING,
    REFERENCE,
    REFUSALS,
    RESTING,
    ROW,
    SAFETY,
    SESSION,
    SOLD_SHARES,
    SOLD_UNITS,
    TRADES,
    TRIP_EQUITY,
    TRIP_START,
    UNFILLED,
    WANT,
    WATCH,
    Bars,
    Book,
    Days,
    Int,
    Rules,
    Wishes,
)
from tradebot.sim.scan.limits import broken_limit, least_headroom, lent_units, size_scale, worst_units
from tradebot.sim.scan.orders import (
    advance_closes,
    flatten,
    limit_of,
    stop_units_of,
    submit_entry,
    take_back,
    take_back_all,
    want_closed,
)
from tradebot.sim.scan.queue import heapify, pop_first
from tradebot.sim.scan.sizes import PLAIN, size_of, weigh
from tradebot.sim.scan.together import risk_of, together, with_risk

entry_code = kernel(entry.entry_code)
shares_of = kernel(sizing.shares_of)
shares_scaled = kernel(sizing.shares_scaled)
is_throttled = kernel(gates.is_throttled)
exit_code = kernel(exits.exit_code)
tripped = kernel(breaker.tripped)


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
def choose(
    bars: Bars,
    wishes: Wishes,
    rules: Rules,
    book: Book,
    t: int,
    end_ns: int,
    known_ns: int,
    count: int,
    equity: int,
    free: int,
    gross: int,
) -> int:
    """Ask size, limits and throttle for each candidate, most convinced first. How many may enter.

    The chosen stand at the end of `queue`, backwards (as places fall free in front, none is overwritten), and their sizes in `shares`.
    """
    account, conviction = book.account, wishes.conviction[t]
    positions, entries, limits = account[BUSY], 0, rules.limits
    asked_orders, asked_units, taken = 0, 0, 0
    if known_ns - account[ASKED_LAST_NS] < NS_PER_MINUTE:
        asked_orders, asked_units = account[ASKED_ORDERS], account[ASKED_UNITS]
    if rules.sizing.weighs_portfolio:
        weigh(book)
    heapify(book.queue, count, conviction)
    while count:
        if positions >= limits.positions_max:
            account[REFUSALS] += count
            break
        n = pop_first(book.queue, count, conviction)
        count -= 1
        price = bars.close[t, n]
        if rules.sizing.rule == PLAIN:
            shares = shares_of(equity, price, rules.sizing.equity_fraction, rules.sizing.max_shares)
        else:
            stop = stop_units_of(price, rules.stop_fraction)
            shares = size_of(rules.sizing, wishes.sizes, t, n, conviction[n], price, stop, equity, free, book.units)
        limit = limit_of(bars, wishes, rules, t, n) if rules.entry_style else 0
        worst = worst_units(price, limit, 1, limits.price_collar_fraction)
        anchor = wishes.anchor[t, n] if wishes.anchor.shape[0] else price
        sector = group = 0
        if len(wishes.sector):
            sector = together(bars, wishes, rules, book, t, n, entries, wishes.sector)
        if len(wishes.group):
            group = together(bars, wishes, rules, book, t, n, entries, wishes.group[account[SESSION]])
        seen = Seen(
            positions, free, equity - gross + lent_units(equity, limits.buying_power_multiple), equity, account[DAY_START],
            account[HIGH_WATER], 0, gross, gross, sector, group, 0.0, 0.0, asked_orders, asked_units, known_ns - book.rows[n, ASKED_NS],
            anchor, known_ns - end_ns, 1, 0, 0, 0, SHARES_MAX,
        )  # fmt: skip
        if limits.headroom_fraction_below:
            shares = shares_scaled(shares, size_scale(least_headroom(seen, limits), limits.headroom_fraction_below))
        if len(wishes.risk.sessions):
            seen = with_risk(seen, risk_of(bars, wishes, rules, book, t, n, entries, shares * worst))
        broken = broken_limit(Asked(shares, 1, price, limit, worst), seen, limits)
        chased = book.rows[n, UNFILLED] > rules.reprice_max
        if book.rows[n, LOCKED] or chased or broken or is_throttled(known_ns, account[LAST_ENTRY_NS], rules.order_interval_s_min):
            account[REFUSALS] += 1
            continue
        book.queue[len(book.queue) - 1 - entries], book.shares[entries], book.limits[entries] = n, shares, limit
        account[LAST_ENTRY_NS] = known_ns
        book.rows[n, ASKED_NS] = known_ns
        book.units[n] += shares * price
        value = shares * worst
        positions, free, entries, gross = positions + 1, free - value, entries + 1, gross + value
        asked_orders, asked_units, taken = asked_orders + 1, asked_units + value, taken + value
    if entries:
        account[ASKED_LAST_NS], account[ASKED_ORDERS], account[ASKED_UNITS] = known_ns, entries, taken
    return entries


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
