"""What is known of a minute beside its bars, in the one form that a wire and a folder of files both can give.

Quotes: a bar goes with the quote that stood at its START, which is the last one whose own time stamp is at or before that start. Perceived
as history (a warm-up), a bar goes without a quote, since the wire brings no past ones. A minute that brought nothing has no tape at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tradebot.core.domain.bars import TAPE, BarColumns, Bool, Float, Int, MarketGrid
from tradebot.core.domain.events import MinuteClosed

TRADES: Final = TAPE.index("trades")
_OF_HISTORY: Final[Bool] = np.array([name == "trades" for name in TAPE])


def known_tape(tape: Int | None, *, is_history: bool = False) -> Int | None:
    """The tape (N, 5) of a `MinuteClosed`: without quotes where it is history, None where nothing is left."""
    if tape is not None and is_history:
        tape = np.where(_OF_HISTORY, tape, 0)
    return tape if tape is not None and tape.any() else None


def known_macro(row: Float | None) -> Float | None:
    """The macro row (3,) of a `MinuteClosed`: None where every value is absent."""
    return None if row is None or np.isnan(row).all() else row


def minute_of(grid: MarketGrid, t: int, known_ns: int, *, feed: str = "", is_history: bool = False) -> MinuteClosed:
    """Minute `t` of a grid as the daemon would perceive it at `known_ns`."""
    return MinuteClosed(
        ts_event_ns=known_ns,
        minute_ns=int(grid.minute_ns[t]),
        symbols=grid.symbols,
        open=grid.open[t],
        high=grid.high[t],
        low=grid.low[t],
        close=grid.close[t],
        volume=grid.volume[t],
        present=grid.present[t],
        feed=feed,
        tape=known_tape(None if grid.tape is None else grid.tape[t], is_history=is_history),
        macro=known_macro(None if grid.macro is None else grid.macro[int(grid.session_of[t])]),
    )


def minutes_of(grid: MarketGrid, first: int, known_ns: Sequence[int], *, feed: str = "") -> list[MinuteClosed]:
    """Minutes `first` on of one session, known at `known_ns`: as `minute_of` makes them one by one."""
    if grid.tape is not None or grid.macro is not None:
        return [minute_of(grid, first + i, at_ns, feed=feed) for i, at_ns in enumerate(known_ns)]
    rows = slice(first, first + len(known_ns))
    columns = (grid.open[rows], grid.high[rows], grid.low[rows], grid.close[rows], grid.volume[rows], grid.present[rows])
    return [
        MinuteClosed(
            ts_event_ns=at_ns, minute_ns=minute_ns, symbols=grid.symbols, open=o, high=h, low=low, close=c, volume=v, present=p, feed=feed
        )
        for at_ns, minute_ns, o, h, low, c, v, p in zip(known_ns, grid.minute_ns[rows].tolist(), *columns, strict=True)
    ]  # fmt: skip


def without_quotes(bars: BarColumns) -> BarColumns:
    """The same bars, for a profile that perceives no quotes."""
    return replace(bars, bid=None, ask=None, bid_size=None, ask_size=None)
