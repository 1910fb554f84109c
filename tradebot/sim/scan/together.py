"""What symbols that belong together come to at worst: `Exposure.seen`'s sums over a sector and over a group."""

from __future__ import annotations

from tradebot.core.kernels.kernel import kernel
from tradebot.sim.scan.layout import BUSY, LIMIT, QTY, REFERENCE, WANT, Bars, Book, Int, Rules, Wishes
from tradebot.sim.scan.limits import worst_units
from tradebot.sim.scan.orders import limit_of


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
            total += book.shares[i] * worst_units(bars.close[t, m], limit_of(bars, wishes, rules, t, m), 1, collar)
    return total
