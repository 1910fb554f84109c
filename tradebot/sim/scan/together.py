"""What symbols come to at worst: `Exposure.seen`'s sums over a sector and over a group, and the value at risk of them all."""

from __future__ import annotations

from tradebot.core.kernels.kernel import kernel
from tradebot.core.risk.day_risk import day_risk
from tradebot.core.risk.limits.numbers import Seen
from tradebot.sim.scan.layout import BUSY, LIMIT, QTY, REFERENCE, SESSION, WANT, Bars, Book, Int, Rules, Wishes
from tradebot.sim.scan.limits import worst_units


@kernel
def together(bars: Bars, wishes: Wishes, rules: Rules, book: Book, t: int, n: int, entries: int, codes: Int) -> int:
    """The worst value of all symbols with the code of symbol n: held, waiting, and the first `entries` chosen this minute."""
    total, collar = 0, rules.limits.price_collar_fraction
    for i in range(book.account[BUSY]):
        m = book.busy[i]
        if codes[m] == codes[n]:
            total += book.rows[m, QTY] * book.marks[m]
            if book.rows[m, WANT]:
                total += book.rows[m, WANT] * worst_units(book.rows[m, REFERENCE], book.rows[m, LIMIT], 1, collar)
    for i in range(entries):
        m = book.queue[len(book.queue) - 1 - i]
        if codes[m] == codes[n]:
            total += book.shares[i] * worst_units(bars.close[t, m], book.limits[i], 1, collar)
    return total


@kernel
def risk_of(bars: Bars, wishes: Wishes, rules: Rules, book: Book, t: int, n: int, entries: int, asked: int) -> tuple[float, float]:
    """(parametric, historical) value at risk of all that is held, waits and was chosen, and of `asked` units more of symbol n."""
    risk, s, collar = wishes.risk, book.account[SESSION], rules.limits.price_collar_fraction
    values = risk.values
    values[:] = 0.0
    for i in range(book.account[BUSY]):
        m = book.busy[i]
        held = book.rows[m, QTY] * book.marks[m]
        if book.rows[m, WANT]:
            held += book.rows[m, WANT] * worst_units(book.rows[m, REFERENCE], book.rows[m, LIMIT], 1, collar)
        values[m] = held
    for i in range(entries):
        m = book.queue[len(book.queue) - 1 - i]
        values[m] += book.shares[i] * worst_units(bars.close[t, m], book.limits[i], 1, collar)
    values[n] += asked
    count = risk.sessions[s]
    return day_risk(
        values, risk.known[s], risk.returns[s, :count], risk.weights[count, :count], risk.variances[s], risk.shrinkage[s], risk.z,
        risk.unknown_volatility, risk.confidence, 0.0, risk.losses,
    )  # fmt: skip


@kernel
def with_risk(seen: Seen, risk: tuple[float, float]) -> Seen:
    """The same world with its value at risk."""
    return Seen(
        seen.positions, seen.free_cash_units, seen.buying_power_units, seen.equity_units, seen.day_start_equity_units,
        seen.high_water_units, seen.symbol_units, seen.gross_units, seen.net_units, seen.sector_units, seen.group_units, risk[0], risk[1],
        seen.orders_in_minute, seen.notional_in_minute_units, seen.symbol_idle_ns, seen.anchor_units, seen.data_age_ns,
        seen.session_left_ns, seen.status, seen.same_open, seen.crossing, seen.available_qty,
    )  # fmt: skip
