"""A market that a seed makes: a few symbols whose bars walk, jump, gap and go missing, over real exchange sessions, half days included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from tradebot.core.domain.bars import BarColumns, Int
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.calendar import session_table

SYMBOLS: Final = ("AAA", "BBB")
DAYS: Final = 10  # of every world
WARM_UP_SESSIONS: Final = 1
FIRST: Final = dt.date(2014, 1, 2)
LAST: Final = dt.date(2019, 12, 31)
SPIKE: Final = 0.03
MISSING: Final = 0.004


@cache
def calendar() -> SessionTable:
    return session_table(FIRST, LAST)


@dataclass(frozen=True)
class Market:
    """`sessions` are the traded ones; the table and the bars hold a session before them to warm up on, and one after them."""

    table: SessionTable
    sessions: tuple[Session, ...]
    histories: Mapping[str, BarColumns]


def make_market(seed: int) -> Market:
    """The same market for the same seed, whatever else the world draws."""
    chance = np.random.default_rng([seed, 1])
    everything = calendar().sessions
    first = int(chance.integers(WARM_UP_SESSIONS, len(everything) - DAYS - 1))
    known = everything[first - WARM_UP_SESSIONS : first + DAYS + 1]
    histories = {symbol: _history(symbol, known[:-1], chance) for symbol in SYMBOLS}
    return Market(SessionTable(known), known[WARM_UP_SESSIONS:-1], histories)


def _history(symbol: str, sessions: tuple[Session, ...], chance: np.random.Generator) -> BarColumns:
    level = float(chance.uniform(15, 150))
    starts, opens, highs, lows, closes, volumes = [], [], [], [], [], []
    for session in sessions:
        level *= float(np.exp(chance.normal(0, 0.01)))
        start, prices, volume = _day(session, level, chance)
        level = float(prices[3][-1]) / 10_000
        starts.append(start)
        for column, values in zip((opens, highs, lows, closes), prices, strict=True):
            column.append(values)
        volumes.append(volume)
    return BarColumns(symbol, *(np.concatenate(column) for column in (starts, opens, highs, lows, closes, volumes)))


def _day(session: Session, level: float, chance: np.random.Generator) -> tuple[Int, tuple[Int, Int, Int, Int], Int]:
    """(starts, (open, high, low, close), volume) of the minutes that anybody traded in."""
    count = session.minutes
    steps = chance.normal(0, chance.uniform(0.0004, 0.0015), count)
    spikes = chance.random(count) < 0.002
    steps[spikes] += chance.normal(0, SPIKE, int(spikes.sum()))
    close = level * np.exp(np.cumsum(steps))
    first = np.concatenate([[level], close[:-1]]) * np.exp(chance.normal(0, 0.0001, count))
    wick = np.abs(chance.normal(0, 0.0004, (2, count)))
    high, low = np.maximum(first, close) * (1 + wick[0]), np.minimum(first, close) * (1 - wick[1])
    cents = [np.maximum(np.round(x * 100).astype(np.int64), 100) * 100 for x in (first, high, low, close)]
    cents[1] = np.maximum.reduce(cents)
    cents[2] = np.minimum.reduce(cents)
    traded = chance.random(count) >= MISSING
    if chance.random() < 0.1:  # a halt of this symbol
        begin = int(chance.integers(5, count - 30))
        traded[begin : begin + int(chance.integers(5, 25))] = False
    start = session.open_ns + np.arange(count, dtype=np.int64) * NS_PER_MINUTE
    volume = chance.integers(100, 20_000, count).astype(np.int64)
    kept = [column[traded] for column in cents]
    return start[traded], (kept[0], kept[1], kept[2], kept[3]), volume[traded]
