"""Where and at what price orders fill on the ideal venue: the rules of `sim.venue_tape` and `sim.venue_matching` without latency.

A long position is the only one there is, so the path of its bar is open, low, high, close: the worst case first.
"""

from __future__ import annotations

from tradebot.core.execution.exits import STOP, TARGET
from tradebot.core.kernels.kernel import kernel
from tradebot.sim.impact import impact_units
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    ATTEMPTS,
    BUSY,
    CASH,
    CLOSING,
    COST,
    DECIDED,
    EXIT,
    FILLS,
    IMPACT,
    LEGS,
    LIMIT,
    NO_EXIT,
    PLACE,
    QTY,
    RESTING,
    SESSION,
    SOLD_SHARES,
    SOLD_UNITS,
    SPREAD,
    STOP_PRICE,
    T_DECIDED,
    T_ENTRY,
    T_ENTRY_NS,
    T_EXIT,
    T_EXIT_NS,
    T_QTY,
    T_SESSION,
    T_SPREAD,
    T_SYMBOL,
    T_WHY,
    T_WHY_MARK,
    T_WHY_ROW,
    TARGET_PRICE,
    TRADE,
    TRADES,
    UNFILLED,
    WANT,
    WHY_MARK,
    WHY_ROW,
    Bars,
    Book,
    Int,
    Rules,
)

_PER_PRICE = 10_000_000_000  # millionths of a basis point in one
_POINT_NS = 15_000_000_000


@kernel
def half_spread_units(bars: Bars, t: int, n: int, price: int, half_spread: int) -> int:
    """Half the minute's quoted spread, or the assumed one of the price; rounded up to a unit."""
    if bars.bid.shape[0]:
        bid, ask = int(bars.bid[t, n]), int(bars.ask[t, n])
        if bid > 0 and ask >= bid:
            return (ask - bid + 1) // 2
    return -(-price * half_spread // _PER_PRICE)


@kernel
def buy_units(bars: Bars, t: int, n: int, half_spread: int) -> int:
    """What a market order pays at a bar's open."""
    if bars.bid.shape[0] and bars.ask[t, n]:
        return int(bars.ask[t, n])
    return int(bars.open[t, n]) + half_spread_units(bars, t, n, bars.open[t, n], half_spread)


@kernel
def sell_units(bars: Bars, t: int, n: int, half_spread: int) -> int:
    """What a market order brings at a bar's open."""
    if bars.bid.shape[0] and bars.bid[t, n]:
        return int(bars.bid[t, n])
    return max(int(bars.open[t, n]) - half_spread_units(bars, t, n, bars.open[t, n], half_spread), 1)


@kernel
def note(log: Int, account: Int, place: int, at_ns: int, n: int, qty: int, price: int, path: int) -> None:
    """A line of the log, where one is kept; `place` counts its lines."""
    row = account[place]
    if row < log.shape[0]:
        log[row, 0], log[row, 1], log[row, 2], log[row, 3], log[row, 4] = at_ns, n, qty, price, path
    account[place] = row + 1


@kernel
def enlist(book: Book, n: int) -> None:
    """The symbol is busy from now on."""
    book.rows[n, PLACE] = book.account[BUSY]
    book.busy[book.account[BUSY]] = n
    book.account[BUSY] += 1


@kernel
def release(book: Book, n: int) -> None:
    """The symbol is free again; the last of the list takes its place."""
    book.account[BUSY] -= 1
    last = book.busy[book.account[BUSY]]
    place = book.rows[n, PLACE]
    book.busy[place] = last
    book.rows[last, PLACE] = place
    book.rows[n, PLACE] = -1


@kernel
def sell(book: Book, trades: Int, fills: Int, n: int, market: int, moved: int, path: int, at_ns: int, why: int) -> None:
    """All that is held goes at `market`, which the sale has moved to `moved`, while the path is at `path`."""
    row, account = book.rows[n], book.account
    qty = row[QTY]
    notional = qty * moved
    account[CASH] += notional
    account[SOLD_UNITS] += notional
    account[SOLD_SHARES] += qty
    account[SPREAD] += qty * (path - market)
    account[IMPACT] += qty * (market - moved)
    note(fills, account, FILLS, at_ns, n, -qty, moved, path)
    trade = trades[row[TRADE]]
    trade[T_EXIT_NS], trade[T_EXIT], trade[T_WHY] = at_ns, notional, why
    trade[T_SPREAD] += qty * (path - moved)
    trade[T_WHY_ROW], trade[T_WHY_MARK], trade[T_SESSION] = row[WHY_ROW], row[WHY_MARK], account[SESSION]
    row[QTY] = row[COST] = row[LEGS] = row[CLOSING] = row[ATTEMPTS] = 0
    row[EXIT] = NO_EXIT
    release(book, n)


@inlined
def impact(book: Book, bars: Bars, rules: Rules, n: int, qty: int, path: int) -> int:
    """By how much an order of `qty` shares moves the price against itself."""
    if rules.impact_y <= 0.0:
        return 0
    s = book.account[SESSION]
    return int(impact_units(path, qty, bars.sigma[s, n], bars.adv[s, n], rules.impact_y))


@inlined
def sell_at_market(
    book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, n: int, market: int, least: int, path: int, at_ns: int, why: int
) -> None:
    """All that is held takes the bid; impact does not push it below `least`, which is a target's limit, or a unit."""
    moved = max(market - impact(book, bars, rules, n, book.rows[n, QTY], path), least)
    sell(book, trades, fills, n, market, moved, path, at_ns, why)


@kernel
def enter(
    book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, n: int, market: int, ask: int, bid: int, path: int, at_ns: int
) -> None:
    """The entry that was wanted fills at `market` while the path is at `path`; its legs meet the market at once.

    What takes the ask moves it, no further than its limit; what was waited for at its own limit moves nothing.
    """
    row, account = book.rows[n], book.account
    qty, limit, price = row[WANT], row[LIMIT], market
    if market == ask:
        price = market + impact(book, bars, rules, n, qty, path)
        if limit:
            price = min(price, limit)
    account[CASH] -= qty * price
    account[SPREAD] += qty * (market - path)
    account[IMPACT] += qty * (price - market)
    note(fills, account, FILLS, at_ns, n, qty, price, path)
    row[QTY], row[COST], row[WANT], row[UNFILLED], row[LEGS], row[TRADE] = qty, qty * price, 0, 0, 1, account[TRADES]
    trade = trades[account[TRADES]]
    account[TRADES] += 1
    trade[T_SYMBOL], trade[T_QTY], trade[T_DECIDED] = n, qty, row[DECIDED]
    trade[T_ENTRY_NS], trade[T_ENTRY], trade[T_SPREAD] = at_ns, qty * price, qty * (price - path)
    trade[T_EXIT_NS] = trade[T_EXIT] = trade[T_WHY] = 0
    if bid >= row[TARGET_PRICE]:
        sell_at_market(book, trades, fills, bars, rules, n, bid, row[TARGET_PRICE], path, at_ns, TARGET)
    elif path <= row[STOP_PRICE]:
        sell_at_market(book, trades, fills, bars, rules, n, bid, 1, path, at_ns, STOP)


@inlined
def enter_at_open(book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, t: int, n: int, at_ns: int, rested: bool) -> None:
    """An entry meets the open of bar t: it takes the ask within its limit; one that `rested` fills at its limit where the path is."""
    limit, path, ask = book.rows[n, LIMIT], int(bars.open[t, n]), buy_units(bars, t, n, rules.half_spread)
    market = ask if limit == 0 or ask <= limit else int(limit) if rested and path <= limit else 0
    if market:
        enter(book, trades, fills, bars, rules, n, market, ask, sell_units(bars, t, n, rules.half_spread), path, at_ns)


@inlined
def meet_open(book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, t: int, n: int, at_ns: int) -> None:
    """Whatever rests in a symbol meets the open of bar t."""
    row = book.rows[n]
    if row[WANT]:
        enter_at_open(book, trades, fills, bars, rules, t, n, at_ns, True)
    elif row[LEGS] or row[EXIT] == RESTING:
        path, bid = int(bars.open[t, n]), sell_units(bars, t, n, rules.half_spread)
        target = row[TARGET_PRICE]
        if not row[LEGS]:
            sell_at_market(book, trades, fills, bars, rules, n, bid, 1, path, at_ns, row[CLOSING])
        elif bid >= target:
            sell_at_market(book, trades, fills, bars, rules, n, bid, target, path, at_ns, TARGET)
        elif path >= target:
            sell(book, trades, fills, n, target, target, path, at_ns, TARGET)
        elif path <= row[STOP_PRICE]:
            sell_at_market(book, trades, fills, bars, rules, n, bid, 1, path, at_ns, STOP)


@inlined
def walk_bar(book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, t: int, n: int, minute_ns: int) -> None:
    """The resting stop and target of a position meet the rest of bar t: its low at +15 s, its high at +30 s."""
    stop, target, start = int(book.rows[n, STOP_PRICE]), int(book.rows[n, TARGET_PRICE]), int(bars.open[t, n])
    if start >= target:  # the entry's own bar opened there, and the bid did not reach
        bid = start - half_spread_units(bars, t, n, start, rules.half_spread)
        if bid >= target:
            sell_at_market(book, trades, fills, bars, rules, n, bid, target, start, minute_ns + _POINT_NS, TARGET)
        else:
            sell(book, trades, fills, n, target, target, start, minute_ns + _POINT_NS, TARGET)
    elif bars.low[t, n] <= stop:
        bid = max(stop - half_spread_units(bars, t, n, stop, rules.half_spread), 1)
        sell_at_market(book, trades, fills, bars, rules, n, bid, 1, stop, minute_ns + _POINT_NS, STOP)
    elif bars.high[t, n] >= target:
        sell(book, trades, fills, n, target, target, target, minute_ns + 2 * _POINT_NS, TARGET)


@kernel
def walk_entry(book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, t: int, n: int, minute_ns: int) -> None:
    """A resting limit entry meets the rest of bar t, and where it fills, its legs meet what is left of it.

    Nothing is held when the first extreme is asked for, so the low comes first in a bar that rises (`Tape.flat_low_first`).
    """
    row, start = book.rows[n], int(bars.open[t, n])
    low_first = bars.close[t, n] >= start
    for k in range(1, 4):
        at_ns = minute_ns + k * _POINT_NS
        end = int(bars.close[t, n] if k == 3 else bars.low[t, n] if (k == 1) == low_first else bars.high[t, n])
        limit = int(row[LIMIT])
        if row[WANT] and (start <= limit or end <= limit):
            start = min(start, limit)
            half = half_spread_units(bars, t, n, start, rules.half_spread)
            ask = start + half
            enter(book, trades, fills, bars, rules, n, min(ask, limit), ask, max(start - half, 1), start, at_ns)
        if row[QTY]:
            walk_legs(book, trades, fills, bars, rules, t, n, start, end, at_ns)
        if not (row[WANT] or row[QTY]):
            return
        start = end


@kernel
def walk_legs(book: Book, trades: Int, fills: Int, bars: Bars, rules: Rules, t: int, n: int, start: int, end: int, at_ns: int) -> None:
    """The legs of a position meet the path from `start` to `end` inside bar t; the one that it meets first fills."""
    stop, target = int(book.rows[n, STOP_PRICE]), int(book.rows[n, TARGET_PRICE])
    half = half_spread_units(bars, t, n, start, rules.half_spread)
    if start >= target and start - half >= target:
        sell_at_market(book, trades, fills, bars, rules, n, start - half, target, start, at_ns, TARGET)
    elif start >= target:
        sell(book, trades, fills, n, target, target, start, at_ns, TARGET)
    elif start <= stop:
        sell_at_market(book, trades, fills, bars, rules, n, max(start - half, 1), 1, start, at_ns, STOP)
    elif end >= target:
        sell(book, trades, fills, n, target, target, target, at_ns, TARGET)
    elif end <= stop:
        bid = max(stop - half_spread_units(bars, t, n, stop, rules.half_spread), 1)
        sell_at_market(book, trades, fills, bars, rules, n, bid, 1, stop, at_ns, STOP)
