"""Past bars as the stages want them: histories, sessions, and the grid of both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.tape import without_quotes
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.learning.universe import screen_by_volume
from tradebot.settings import Settings
from tradebot.shell.calendar import session_table
from tradebot.shell.store.bars import read_bar_folder
from tradebot.shell.store.macro import Macro, find_macro

_MARGIN = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Market:
    """Bars of the universe and the exchange's sessions around them. `traded` are the sessions that have a regular bar.

    `quotes`: whether the grid, which is what features see, has the histories' quotes; `macro` are its dated series.
    """

    histories: Mapping[str, BarColumns]
    table: SessionTable
    traded: tuple[Session, ...]
    quotes: bool = True
    macro: Macro | None = None

    def grid(self, sessions: Sequence[Session]) -> MarketGrid:
        seen = [bars if self.quotes else without_quotes(bars) for bars in self.histories.values()]
        return market_grid(seen, sessions, None if self.macro is None else self.macro.grid([s.date for s in sessions]))

    def before(self, date: dt.date) -> tuple[Session, ...]:
        return tuple(s for s in self.traded if s.date < date)

    def between(self, first: dt.date, last: dt.date) -> tuple[Session, ...]:
        return tuple(s for s in self.traded if first <= s.date <= last)

    def since(self, first_ns: int, sessions: Sequence[Session]) -> tuple[Session, ...]:
        """`sessions` and all before them that reach into or lie after `first_ns`: what a run needs to warm up."""
        return tuple(s for s in self.traded if s.close_ns > first_ns and s.date <= sessions[-1].date)


def load_market(settings: Settings, folder: Path | None) -> Market:
    """Bars of the profile's universe from a folder. Named symbols must be there; a screen ranks what is there, by all of its bars."""
    return screened(settings, read_market(settings, folder))


def read_market(settings: Settings, folder: Path | None) -> Market:
    """The same before any screen: the named symbols, or all that the folder has."""
    found = read_bar_folder(folder or settings.data.folder, settings.universe.symbols or None)
    return market_of(found, quotes=settings.feed.quotes, macro=load_macro(settings))


def screened(settings: Settings, market: Market, known_by_ns: int | None = None) -> Market:
    """The symbols that the profile's screen picks by the bars that were known then (None: by all); all of them where it names symbols.

    Raises OperatorFault when none is left.
    """
    if settings.universe.symbols:
        return market
    known = market.histories
    if known_by_ns is not None:
        known = {symbol: bars.rows(bars.minute_ns + NS_PER_MINUTE <= known_by_ns) for symbol, bars in known.items()}
    names = screen_by_volume(known, settings.universe.top, settings.entry.price_usd_min, settings.entry.price_usd_max)
    return replace(market, histories={symbol: market.histories[symbol] for symbol in sorted(names)})


def load_macro(settings: Settings) -> Macro | None:
    """The profile's dated series, None where it names none."""
    named = asdict(settings.macro)
    return find_macro(named.pop("folder"), named)


def market_of(histories: Mapping[str, BarColumns], *, quotes: bool = True, macro: Macro | None = None) -> Market:
    """The sessions around some histories. Raises OperatorFault when no bar falls into regular hours."""
    spans = [(int(b.minute_ns[0]), int(b.minute_ns[-1])) for b in histories.values() if len(b)]
    if not spans:
        raise OperatorFault("the universe is empty: no symbol has a bar")
    first, last = _utc_date(min(s[0] for s in spans)), _utc_date(max(s[1] for s in spans))
    table = session_table(first - _MARGIN, last + _MARGIN)
    traded = tuple(s for s in table.sessions if any(_has_bars(b, s) for b in histories.values()))
    if not traded:
        raise OperatorFault("no bar falls into the exchange's regular hours")
    return Market(histories, table, traded, quotes, macro)


def _has_bars(bars: BarColumns, session: Session) -> bool:
    first, last = np.searchsorted(bars.minute_ns, [session.open_ns, session.close_ns])
    return bool(last > first)


def _utc_date(ns: int) -> dt.date:
    return dt.datetime.fromtimestamp(ns / NS_PER_S, dt.UTC).date()
