"""Small made-up markets for the tests of learning."""

from __future__ import annotations

import datetime as dt

import numpy as np

from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.core.domain.session import Session

MINUTE_NS = 60_000_000_000
FIRST_OPEN_NS = 1_380_893_400_000_000_000  # 2013-10-04 13:30 UTC
DAY_NS = 1440 * MINUTE_NS


def sessions(count: int, minutes: int = 390) -> tuple[Session, ...]:
    opens = [FIRST_OPEN_NS + i * DAY_NS for i in range(count)]
    return tuple(Session(dt.date(2013, 10, 4) + dt.timedelta(days=i), o, o + minutes * MINUTE_NS) for i, o in enumerate(opens))


def walk(symbol: str, days: tuple[Session, ...], seed: int, step: float = 0.002, missing: float = 0.02) -> BarColumns:
    """A random walk around 15 dollars whose sign of the next move can partly be guessed from the last."""
    random = np.random.default_rng(seed)
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, MINUTE_NS) for s in days])
    minute_ns = minute_ns[random.random(len(minute_ns)) >= missing]
    moves = random.normal(0, step, len(minute_ns))
    moves[1:] += 0.5 * moves[:-1]
    close = 150_000 * np.exp(np.cumsum(moves))
    open_ = close * np.exp(random.normal(0, step / 3, len(close)))
    high = np.maximum(open_, close) * (1 + np.abs(random.normal(0, step / 2, len(close))))
    low = np.minimum(open_, close) * (1 - np.abs(random.normal(0, step / 2, len(close))))
    volume = random.integers(100, 50_000, len(close))
    prices = (np.rint(x).astype(np.int64) for x in (open_, high, low, close))
    return BarColumns(symbol, minute_ns, *prices, volume)


def market(count: int = 6, symbols: tuple[str, ...] = ("AAA", "BBB"), minutes: int = 390) -> MarketGrid:
    days = sessions(count, minutes)
    return market_grid([walk(s, days, seed) for seed, s in enumerate(symbols)], days)
