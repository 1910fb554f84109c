"""A strategy's hypothetical trades: how many it won and lost, and what they came to. Leaf of performance.py.

A trade lasts from the first position of one sign to the first that is flat or of the other sign. It pays both its sides; where a position
turns, the closing part of the cost is the old trade's and the opening part the new one's. A trade that came to exactly 0 is lost.

Newest trades count most: each bar forgets as `keep` says, like the statistics beside it.
"""

from __future__ import annotations

from typing import Final

from numba import njit

WON: Final = 12  # columns of a ledger; those before are performance.py's
LOST: Final = 13
GAINS: Final = 14  # sum of what the won ones earned, as fractions of the strategy's capital
LOSSES: Final = 15  # of what the lost ones lost, >= 0
OPEN_PNL: Final = 16  # of the trade that is under way


@njit(cache=True, error_model="numpy")
def turn(book, old, position, cost):  # type: ignore[no-untyped-def]
    """From position `old` to `position`, at `cost` of what is traded."""
    if old != 0.0 and not old * position > 0.0:
        pnl = book[OPEN_PNL] - cost * abs(old)
        if pnl > 0.0:
            book[WON] += 1.0
            book[GAINS] += pnl
        else:
            book[LOST] += 1.0
            book[LOSSES] -= pnl
        book[OPEN_PNL] = -cost * abs(position)
    else:
        book[OPEN_PNL] -= cost * abs(position - old)


@njit(cache=True, error_model="numpy")
def fade(book, keep):  # type: ignore[no-untyped-def]
    """One bar of forgetting."""
    book[WON] *= keep
    book[LOST] *= keep
    book[GAINS] *= keep
    book[LOSSES] *= keep
