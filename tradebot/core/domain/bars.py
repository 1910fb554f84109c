"""Bars: one symbol's history by column, many symbols on a session grid, and one closed minute of all symbols."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BarColumns:
    """One symbol's one-minute bars, oldest first, strictly increasing `minute_ns`.

    `minute_ns` labels a bar by its start; the bar is known at `minute_ns + NS_PER_MINUTE`. Prices in units of 1e-4
    dollars, volume in shares. `bid`/`ask` (units, 0 = no such side) are the quote at its start, with its shares `bid_size`/`ask_size`;
    `trades` is the bar's number of trades. Each of the five is None where the source has none.
    """

    symbol: str
    minute_ns: Int  # (T,)
    open: Int  # (T,)
    high: Int  # (T,)
    low: Int  # (T,)
    close: Int  # (T,)
    volume: Int  # (T,)
    bid: Int | None = None  # (T,)
    ask: Int | None = None  # (T,)
    trades: Int | None = None  # (T,)
    bid_size: Int | None = None  # (T,)
    ask_size: Int | None = None  # (T,)

    def __len__(self) -> int:
        return len(self.minute_ns)

    def rows(self, where: Bool | slice | Int) -> BarColumns:
        """The chosen rows as a new history."""
        return BarColumns(
            self.symbol,
            self.minute_ns[where],
            self.open[where],
            self.high[where],
            self.low[where],
            self.close[where],
            self.volume[where],
            *(None if column is None else column[where] for column in self.tape()),
        )

    def tape(self) -> tuple[Int | None, ...]:
        """The optional columns in the order of the fields: bid, ask, trades, bid_size, ask_size."""
        return self.bid, self.ask, self.trades, self.bid_size, self.ask_size


TAPE = ("bid", "ask", "trades", "bid_size", "ask_size")
"""The columns of a `tape` array (..., 5): units, units, a count, shares, shares; 0 = absent."""

MACRO = ("vix", "yield_3m", "yield_10y")
"""The values of a `macro` array (..., 3): index points, percent a year, percent a year; NaN = absent. Closes of the day before."""


@dataclass(frozen=True, slots=True)
class MarketGrid:
    """Regular-hours minutes of some sessions, all symbols aligned: row t is `minute_ns[t]`, column n is `symbols[n]`.

    Where `present` is False the minute had no bar and the numbers are 0. `tape` and `macro` are None where there is none at all.
    """

    symbols: tuple[str, ...]
    minute_ns: Int  # (T,)
    session_of: Int  # (T,) index into `sessions`
    sessions: tuple[Session, ...]
    open: Int  # (T, N)
    high: Int  # (T, N)
    low: Int  # (T, N)
    close: Int  # (T, N)
    volume: Int  # (T, N)
    present: Bool  # (T, N)
    tape: Int | None = None  # (T, N, 5), see TAPE
    macro: Float | None = None  # (S, 3) by session, see MACRO

    def dates(self) -> tuple[dt.date, ...]:
        return tuple(s.date for s in self.sessions)


def market_grid(histories: Sequence[BarColumns], sessions: Sequence[Session], macro: Float | None = None) -> MarketGrid:
    """Align histories on the regular minutes of `sessions`; bars outside regular hours are left out. `macro` is (S, 3)."""
    minute_ns = np.concatenate(
        [np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE, dtype=np.int64) for s in sessions] or [np.empty(0, np.int64)]
    )
    session_of = np.repeat(np.arange(len(sessions), dtype=np.int64), [s.minutes for s in sessions])
    shape = (len(minute_ns), len(histories))
    grid = {name: np.zeros(shape, np.int64) for name in ("open", "high", "low", "close", "volume")}
    present = np.zeros(shape, np.bool_)
    tape = np.zeros((*shape, len(TAPE)), np.int64) if any(c is not None for b in histories for c in b.tape()) else None
    for n, bars in enumerate(histories):
        at = np.searchsorted(minute_ns, bars.minute_ns)
        inside = at < len(minute_ns)
        inside[inside] = minute_ns[at[inside]] == bars.minute_ns[inside]
        for name, column in grid.items():
            column[at[inside], n] = getattr(bars, name)[inside]
        present[at[inside], n] = True
        for i, optional in enumerate(bars.tape()):
            if tape is not None and optional is not None:
                tape[at[inside], n, i] = optional[inside]
    symbols = tuple(b.symbol for b in histories)
    return MarketGrid(symbols, minute_ns, session_of, tuple(sessions), present=present, tape=tape, macro=macro, **grid)
