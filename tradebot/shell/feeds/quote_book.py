"""Which quote stood at a minute's start: of each symbol the last one whose time stamp is at or before that start.

A quote that came with time stamp t can matter for the minute starts from t on, until a later one takes its place. So one is kept for each
open minute at most, under the first start that it can stand at. It is the exchange's time stamp that counts, not when a quote came, so
neither the order of arrival nor our clock changes anything. Quotes of a session do not stand in the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.feeds.quote_wire import Quote

NOBODY = (0, 0, 0, 0, 0)


class QuoteBook:
    """`forgotten` counts the times that all was forgotten: after a gap in the stream nobody knows what stands."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.forgotten = 0
        self._first_ns = 0  # the oldest open minute
        self._held: dict[str, dict[int, Quote]] = {symbol: {} for symbol in symbols}

    def add(self, quotes: Iterable[Quote]) -> None:
        """Quotes of symbols that nobody asked for are left alone."""
        for quote in quotes:
            held = self._held.get(quote.symbol)
            if held is None:
                continue
            start_ns = max(-(-quote.ts_ns // NS_PER_MINUTE) * NS_PER_MINUTE, self._first_ns)
            rival = held.get(start_ns)
            if rival is None or rival.ts_ns <= quote.ts_ns:
                held[start_ns] = quote

    def standing(self, symbol: str, minute_ns: int) -> tuple[int, int, int, int, int]:
        """The row of a tape (domain/bars.py TAPE) for a minute, trades left at 0; all 0 where no quote is known to stand."""
        held = self._held[symbol]
        starts = [start_ns for start_ns in held if start_ns <= minute_ns]
        if not starts:
            return NOBODY
        quote = held[max(starts)]
        return quote.bid, quote.ask, 0, quote.bid_size, quote.ask_size

    def passed(self, minute_ns: int, next_ns: int) -> None:
        """A minute is closed and `next_ns` is the oldest open one now: what can't matter any more goes."""
        self._first_ns = next_ns
        end_ns = minute_ns + NS_PER_MINUTE
        for held in self._held.values():
            past = sorted(start_ns for start_ns in held if start_ns < next_ns)
            for start_ns in past:
                quote = held.pop(start_ns)
                if start_ns == past[-1] and (next_ns == end_ns or quote.ts_ns > end_ns):
                    held.setdefault(next_ns, quote)

    def forget(self) -> None:
        self.forgotten += 1
        for held in self._held.values():
            held.clear()
