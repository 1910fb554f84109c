"""Single bars to whole minutes: one slice for all symbols, in order, each minute once.

Pure logic, no I/O and no clock: the caller says when a minute is over. Minutes are those of regular sessions. What comes for a minute
that is closed already (late, corrected, doubled) is counted and named, kept in `corrections`, and rewrites nothing. A minute takes with it
what else is known (domain/tape.py): its bars' numbers of trades, the quotes that stood at its start, and the macro values of its session.

An assembler has one source of bars. Where there are several, each has its own, and those that do not close a minute skip it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Final

import numpy as np

from tradebot.core.domain.bars import TAPE, Float, Int
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.feeds import REST
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.tape import TRADES, known_macro, known_tape
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.feeds.bar_wire import Bar
from tradebot.shell.feeds.correction import Correction, same_numbers
from tradebot.shell.feeds.quote_book import QuoteBook

NOT_PRESENT = (0, 0, 0, 0, 0)
KEPT_MINUTES: Final = 30  # what was told of them is remembered, to say what a correction corrects
LATE: Final = "late: its minute is closed"
REPETITION: Final = "a repetition"
CORRECTION: Final = "a correction: the first word stands"
SKIPPED: Final = "of a minute taken from another source"


def _no_macro(date: dt.date) -> Float | None:
    return None


class Assembler:
    """`last_ns` is the minute closed last (a session minute's start); everything after it is open.

    `quotes` is the book to take quotes from, None where none are wanted; `macro_of` gives a session's row (3,), asked once a session.
    """

    def __init__(
        self,
        symbols: tuple[str, ...],
        sessions: SessionTable,
        feed: str,
        last_ns: int,
        quotes: QuoteBook | None = None,
        macro_of: Callable[[dt.date], Float | None] = _no_macro,
    ) -> None:
        self.symbols = symbols
        self.last_ns = last_ns
        self.quotes = quotes
        self._macro_of = macro_of
        self._session: Session | None = None
        self._macro: Float | None = None
        self.oddities: Counter[str] = Counter()
        self._column = {symbol: n for n, symbol in enumerate(symbols)}
        self._sessions = sessions
        self.feed = feed
        self.corrections: list[Correction] = []
        self._open: dict[int, dict[int, Bar]] = {}
        self._told: dict[int, dict[int, Bar] | None] = {}  # of the minutes closed last; None = another source closed it
        self._over_rest: set[int] = set()

    def add(self, bar: Bar, *, over_rest: bool = False, updated: bool = False) -> str | None:
        """Take a bar in. Returns what is odd about it, or None when it was taken. `updated`: the wire calls it a correction."""
        odd = self._oddity(bar)
        if odd is not None:
            self.oddities[odd] += 1
            if odd in (LATE, CORRECTION):
                known = self._known(bar)
                kind = "late" if known is None and not updated else "update" if updated else "repeat"
                self.corrections.append(Correction(bar.symbol, bar.minute_ns, kind, known, bar))
            return odd
        self._open.setdefault(bar.minute_ns, {})[self._column[bar.symbol]] = bar
        if over_rest:
            self._over_rest.add(bar.minute_ns)
        return None

    def _known(self, bar: Bar) -> Bar | None:
        """What was taken for this symbol and minute."""
        bars = self._told.get(bar.minute_ns) if bar.minute_ns <= self.last_ns else self._open.get(bar.minute_ns)
        return (bars or {}).get(self._column[bar.symbol])

    def _oddity(self, bar: Bar) -> str | None:
        if bar.symbol not in self._column:
            return "of a symbol that nobody asked for"
        if self._sessions.at(bar.minute_ns) is None:
            return "outside regular hours"
        if bar.minute_ns in self._told and self._told[bar.minute_ns] is None:
            return SKIPPED
        known = self._known(bar)
        if known is not None:
            return REPETITION if same_numbers(known, bar) else CORRECTION
        return LATE if bar.minute_ns <= self.last_ns else None

    def drain_corrections(self) -> list[Correction]:
        drained, self.corrections = self.corrections, []
        return drained

    def skip_through(self, minute_ns: int) -> None:
        """Another source has closed the minutes up to and including this one: what is known of them here goes."""
        while (candidate := self.next_minute()) is not None and candidate <= minute_ns:
            self._open.pop(candidate, None)
            self._over_rest.discard(candidate)
            self._tell(candidate, None)

    def _tell(self, minute_ns: int, bars: dict[int, Bar] | None) -> None:
        self.last_ns = minute_ns
        self._told[minute_ns] = bars
        while len(self._told) > KEPT_MINUTES:
            del self._told[next(iter(self._told))]
        if self.quotes is not None and (next_ns := self.next_minute()) is not None:
            self.quotes.passed(minute_ns, next_ns)

    def next_minute(self) -> int | None:
        """The oldest open minute (start), or None beyond the session table."""
        candidate = self.last_ns + NS_PER_MINUTE
        session = self._sessions.current_or_next(candidate)
        return None if session is None else max(candidate, session.open_ns)

    def has_bars(self, minute_ns: int) -> bool:
        return bool(self._open.get(minute_ns))

    def is_complete(self, minute_ns: int) -> bool:
        return len(self._open.get(minute_ns, ())) == len(self.symbols)

    def close_complete(self, now_ns: int) -> list[MinuteClosed]:
        """Close the oldest minutes as long as every symbol is there."""
        closed = []
        while (minute_ns := self.next_minute()) is not None and self.is_complete(minute_ns):
            closed.append(self._close(minute_ns, now_ns))
        return closed

    def close_through(self, minute_ns: int, now_ns: int, *, is_history: bool = False) -> list[MinuteClosed]:
        """Close every open minute up to and including this one, missing bars or not.

        History leaves out minutes without any bar, and knows no quotes.
        """
        closed = []
        while (candidate := self.next_minute()) is not None and candidate <= minute_ns:
            has_bars = self.has_bars(candidate)
            slice_ = self._close(candidate, now_ns, is_history=is_history)
            if has_bars or not is_history:
                closed.append(slice_)
        return closed

    def _close(self, minute_ns: int, now_ns: int, *, is_history: bool = False) -> MinuteClosed:
        bars = self._open.pop(minute_ns, {})
        way = REST if minute_ns in self._over_rest else ""
        self._over_rest.discard(minute_ns)
        rows = [
            (b.open, b.high, b.low, b.close, b.volume) if (b := bars.get(n)) is not None else NOT_PRESENT for n in range(len(self.symbols))
        ]
        first, high, low, last, volume = np.array(rows, np.int64).reshape(len(rows), len(NOT_PRESENT)).T.copy()
        present = np.zeros(len(rows), np.bool_)
        present[list(bars)] = True
        tape = self._tape(minute_ns, bars)
        self._tell(minute_ns, bars)
        return MinuteClosed(
            ts_event_ns=now_ns,
            minute_ns=minute_ns,
            symbols=self.symbols,
            open=first,
            high=high,
            low=low,
            close=last,
            volume=volume,
            present=present,
            feed=self.feed + way,
            tape=known_tape(tape, is_history=is_history),
            macro=self._macro_at(minute_ns),
        )

    def _tape(self, minute_ns: int, bars: dict[int, Bar]) -> Int:
        tape = np.zeros((len(self.symbols), len(TAPE)), np.int64)
        for n, bar in bars.items():
            if self.quotes is not None:
                tape[n] = self.quotes.standing(bar.symbol, minute_ns)
            tape[n, TRADES] = bar.trades
        return tape

    def _macro_at(self, minute_ns: int) -> Float | None:
        if self._session is None or not self._session.contains(minute_ns):
            self._session = self._sessions.at(minute_ns)
            self._macro = None if self._session is None else known_macro(self._macro_of(self._session.date))
        return self._macro
