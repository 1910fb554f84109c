"""The histories as a client may see them now: a bar exists from its end on, a quote from its minute's start on.

Bars of one minute come from the file; longer ones are aggregated from the visible minutes. Day bars and longer take regular hours only
and are stamped with New York midnight. A bar's `n` is the file's trade count, 0 where it has none; no file has a volume-weighted price, so
`vw` is the mean of open, high, low and close. Each minute has one trade (its close, in its last millisecond) and one quote (at its start):
the file's, firm (condition R), with the shares that the file tells; where a symbol's file has none, the open and the venue's assumed
spread, which is not firm (condition N), so that nobody takes an assumption for an observation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from tradebot.core.domain.bars import BarColumns, Int
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_S

_NEW_YORK = ZoneInfo("America/New_York")
_TRADE_NS = NS_PER_MINUTE - NS_PER_MS  # a minute's only trade happens this long after its start
_PRICE = 10_000.0
_RECENT_BARS = 10
_ASSUMED_SHARES = 100


@dataclass(frozen=True, slots=True)
class Timeframe:
    """`count` units of `unit`: Min, Hour, Day, Week or Month."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Raises ValueError for what WIRE.md section 4 does not allow."""
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        count, name = int(digits or "1"), text[len(digits) :]
        unit = {"Min": "Min", "T": "Min", "Hour": "Hour", "H": "Hour", "Day": "Day", "D": "Day"}.get(name)
        unit = unit or {"Week": "Week", "W": "Week", "Month": "Month", "M": "Month"}.get(name)
        allowed = {"Min": range(1, 60), "Hour": range(1, 24), "Day": (1,), "Week": (1,), "Month": (1, 2, 3, 4, 6, 12)}
        if unit is None or count not in allowed[unit]:
            raise ValueError(f"invalid timeframe: {text}")
        return cls(count, unit)


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars of one symbol, labelled by their start."""

    start_ns: Int
    open: Int
    high: Int
    low: Int
    close: Int
    volume: Int
    trades: Int  # 0 = not known

    def bar(self, i: int) -> dict[str, object]:
        """Bar i as Alpaca writes it, without its time."""
        o, h, low, c, v, n = (int(column[i]) for column in (self.open, self.high, self.low, self.close, self.volume, self.trades))
        mean = round((o + h + low + c) / 4 / _PRICE, 6)
        return {"o": o / _PRICE, "h": h / _PRICE, "l": low / _PRICE, "c": c / _PRICE, "v": v, "n": n, "vw": mean}


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes of one symbol; prices in units, 0 = no such side, sizes in shares, 0 = not known."""

    ts_ns: Int
    bid: Int
    ask: Int
    bid_size: Int
    ask_size: Int
    firm: bool

    def quote(self, i: int) -> dict[str, object]:
        """Quote i as Alpaca writes it, without its time; a side that does not exist has price and size 0."""
        bid, ask = int(self.bid[i]), int(self.ask[i])
        return {
            "ap": ask / _PRICE,
            "as": int(self.ask_size[i]) if ask else 0,
            "ax": "V",
            "bp": bid / _PRICE,
            "bs": int(self.bid_size[i]) if bid else 0,
            "bx": "V",
            "c": ["R" if self.firm else "N"],
            "z": "A",
        }


class MarketView:
    """All histories, and `now_ns` as an argument of every question. `hidden` are minutes that a fault took out of the history."""

    def __init__(self, histories: Mapping[str, BarColumns], sessions: SessionTable, half_spread_bps: float) -> None:
        self.histories = histories
        self.sessions = sessions
        self.symbols = tuple(sorted(histories))
        self.hidden: set[tuple[str, int]] = set()
        self._half_spread = half_spread_bps / 10_000
        opens = [s.open_ns for s in sessions.sessions]
        self._open_ns, self._close_ns = np.array(opens, np.int64), np.array([s.close_ns for s in sessions.sessions], np.int64)
        midnights = [dt.datetime.combine(s.date, dt.time(), _NEW_YORK) for s in sessions.sessions]
        self._midnight_ns = np.array([int(m.timestamp()) * NS_PER_S for m in midnights], np.int64)
        starts = np.unique(np.concatenate([b.minute_ns for b in histories.values()] or [np.empty(0, np.int64)]))
        self.borders = np.union1d(starts, starts + NS_PER_MINUTE)
        """The instants at which a minute that anybody traded in begins or ends."""

    def has_minute(self, symbol: str, minute_ns: int) -> bool:
        starts = self.histories[symbol].minute_ns
        i = int(np.searchsorted(starts, minute_ns))
        return i < len(starts) and int(starts[i]) == minute_ns

    def recent_ns(self, symbol: str, now_ns: int) -> int:
        """Start of a minute shortly before now: what is newest lies between the two, however thin the symbol trades."""
        starts = self.histories[symbol].minute_ns
        i = int(np.searchsorted(starts, now_ns - NS_PER_MINUTE, side="right")) - 1
        return int(starts[max(i - _RECENT_BARS, 0)]) if len(starts) else now_ns

    def minutes(self, symbol: str, now_ns: int, start_ns: int = 0, end_ns: int | None = None) -> Rows:
        """The minute bars that have ended, with `start_ns <= start <= end_ns`."""
        bars = self.histories.get(symbol)
        if bars is None:
            empty = np.empty(0, np.int64)
            return Rows(empty, empty, empty, empty, empty, empty, empty)
        last = now_ns - NS_PER_MINUTE if end_ns is None else min(end_ns, now_ns - NS_PER_MINUTE)
        where = slice(int(np.searchsorted(bars.minute_ns, start_ns)), int(np.searchsorted(bars.minute_ns, last, side="right")))
        start, trades = bars.minute_ns[where], _known(bars.trades, bars.minute_ns[where], where)
        rows = Rows(start, bars.open[where], bars.high[where], bars.low[where], bars.close[where], bars.volume[where], trades)
        gone = [minute for name, minute in self.hidden if name == symbol]
        return _pick(rows, ~np.isin(rows.start_ns, gone)) if gone else rows

    def bars(self, symbol: str, timeframe: Timeframe, now_ns: int, start_ns: int, end_ns: int) -> Rows:
        """Bars of any timeframe whose label lies in [start, end]; the newest one may still be growing."""
        if timeframe == Timeframe(1, "Min"):
            return self.minutes(symbol, now_ns, start_ns, end_ns)
        reach_ns = 370 * 24 * 60 * NS_PER_MINUTE if timeframe.unit == "Month" else 8 * 24 * 60 * NS_PER_MINUTE
        rows = self.minutes(symbol, now_ns, start_ns - reach_ns, end_ns + reach_ns)
        labels, keep = self._labels(rows.start_ns, timeframe)
        grown = _aggregate(_pick(rows, keep), labels[keep])
        return _pick(grown, (grown.start_ns >= start_ns) & (grown.start_ns <= end_ns))

    def day(self, symbol: str, now_ns: int, back: int = 0) -> Rows:
        """The day bar of the session that began last (`back` sessions earlier); no row when the symbol had no bar in it."""
        i = int(np.searchsorted(self._open_ns, now_ns, side="right")) - 1 - back
        if i < 0:
            return self.minutes("", now_ns)
        rows = self.minutes(symbol, now_ns, int(self._open_ns[i]), int(self._close_ns[i]) - 1)
        return _aggregate(rows, np.full(len(rows.start_ns), self._midnight_ns[i]))

    def trades(self, symbol: str, now_ns: int, start_ns: int, end_ns: int) -> tuple[Int, Rows]:
        """(times, rows): a trade at the close of each minute, of all its shares."""
        rows = self.minutes(symbol, now_ns, start_ns - _TRADE_NS, end_ns - _TRADE_NS)
        return rows.start_ns + _TRADE_NS, rows

    def quotes(self, symbol: str, now_ns: int, start_ns: int, end_ns: int) -> Quotes:
        """Each minute's quote at its start."""
        bars = self.histories.get(symbol)
        if bars is None:
            empty = np.empty(0, np.int64)
            return Quotes(empty, empty, empty, empty, empty, firm=False)
        where = slice(
            int(np.searchsorted(bars.minute_ns, start_ns)), int(np.searchsorted(bars.minute_ns, min(end_ns, now_ns), side="right"))
        )
        at = bars.minute_ns[where]
        if bars.bid is None and bars.ask is None:
            half = np.ceil(bars.open[where] * self._half_spread).astype(np.int64)
            shares = np.full(len(at), _ASSUMED_SHARES, np.int64)
            return Quotes(at, bars.open[where] - half, bars.open[where] + half, shares, shares, firm=False)
        bid, ask = _known(bars.bid, at, where), _known(bars.ask, at, where)
        return Quotes(at, bid, ask, _known(bars.bid_size, at, where), _known(bars.ask_size, at, where), firm=True)

    def _labels(self, start_ns: Int, timeframe: Timeframe) -> tuple[Int, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """The label of the bar that each minute belongs to, and which minutes count."""
        everything = np.ones(len(start_ns), np.bool_)
        if timeframe.unit in ("Min", "Hour"):
            width_ns = timeframe.count * NS_PER_MINUTE * (60 if timeframe.unit == "Hour" else 1)
            return start_ns // width_ns * width_ns, everything
        session = np.searchsorted(self._open_ns, start_ns, side="right") - 1
        regular = (session >= 0) & (start_ns < self._close_ns[session])
        firsts = np.array([_first_midnight(s.date, timeframe) for s in self.sessions.sessions], np.int64)
        return (self._midnight_ns if timeframe.unit == "Day" else firsts)[session], regular


def trade_json(at_ns: int, rows: Rows, i: int) -> dict[str, object]:
    """Trade i without its time; its id is the minute's number since 1970."""
    return {"p": int(rows.close[i]) / _PRICE, "s": int(rows.volume[i]), "x": "V", "i": at_ns // NS_PER_MINUTE, "c": ["@"], "z": "A"}


def _known(column: Int | None, like: Int, where: slice) -> Int:
    """A part of an optional column, zeros where it is absent."""
    return np.zeros_like(like) if column is None else column[where]


def _first_midnight(day: dt.date, timeframe: Timeframe) -> int:
    """New York midnight at the start of the week or the month group of a day."""
    if timeframe.unit == "Week":
        first = day - dt.timedelta(days=day.weekday())
    else:
        first = day.replace(month=(day.month - 1) // timeframe.count * timeframe.count + 1, day=1)
    return int(dt.datetime.combine(first, dt.time(), _NEW_YORK).timestamp()) * NS_PER_S


def _pick(rows: Rows, where: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rows:
    columns = (rows.start_ns, rows.open, rows.high, rows.low, rows.close, rows.volume, rows.trades)
    return Rows(*(column[where] for column in columns))


def _aggregate(rows: Rows, labels: Int) -> Rows:
    """One bar for each run of equal labels."""
    if len(labels) == 0:
        return rows
    first = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
    last = np.concatenate((first[1:], [len(labels)])) - 1
    return Rows(
        labels[first],
        rows.open[first],
        np.maximum.reduceat(rows.high, first),
        np.minimum.reduceat(rows.low, first),
        rows.close[last],
        np.add.reduceat(rows.volume, first),
        np.add.reduceat(rows.trades, first),
    )
