"""A minute's candidates, most convinced first: size, limits and throttle for each, with all before it counted in."""

from __future__ import annotations

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.kernels.kernel import kernel
from tradebot.core.portfolio import sizing
from tradebot.core.risk.limits.numbers import SHARES_MAX, Asked, Seen
from tradebot.core.strategies import gates
from tradebot.sim.scan.inlined import inlined
from tradebot.sim.scan.layout import (
    ASKED_LAST_NS,
    ASKED_NS,
    ASKED_ORDERS,
    ASKED_UNITS,
    BUSY,
    DAY_START,
    HIGH_WATER,
    LAST_ENTRY_NS,
    LOCKED,
    REFUSALS,
    SESSION,
    UNFILLED,
    Bars,
    Book,
    Rules,
    Wishes,
)
from tradebot.sim.scan.limits import broken_limit, least_headroom, lent_units, size_scale, worst_units
from tradebot.sim.scan.orders import limit_of, stop_units_of
from tradebot.sim.scan.queue import heapify, pop_first
from tradebot.sim.scan.sizes import PLAIN, size_of, weigh
from tradebot.sim.scan.together import risk_of, together, with_risk

shares_of = kernel(sizing.shares_of)
shares_scaled = kernel(sizing.shares_scaled)
is_throttled = kernel(gates.is_throttled)


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
