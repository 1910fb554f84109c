"""Small markets made in code: sessions by hand, bars by hand or from a seed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S

DAY_NS = 24 * 60 * NS_PER_MINUTE
FIRST_OPEN_NS = int(dt.datetime(2013, 10, 7, 13, 30, tzinfo=dt.UTC).timestamp()) * NS_PER_S  # a Monday, 09:30 in New York


def sessions(count: int = 2, minutes: int = 390) -> SessionTable:
    """`count` consecutive days from Monday 7 October 2013 on, each of `minutes` minutes."""
    opens = [FIRST_OPEN_NS + n * DAY_NS for n in range(count)]
    monday = dt.date(2013, 10, 7)
    return SessionTable(tuple(Session(monday + dt.timedelta(n), at, at + minutes * NS_PER_MINUTE) for n, at in enumerate(opens)))


def usd(price: float) -> int:
    return round(price * 10_000)


def bars(
    symbol: str, rows: Sequence[tuple[float, float, float, float]], start_ns: int = FIRST_OPEN_NS, missing: Sequence[int] = ()
) -> BarColumns:
    """Bars of (open, high, low, close) in dollars, one a minute, without those at the indexes `missing`."""
    keep = [n for n in range(len(rows)) if n not in missing]
    columns = np.array([[usd(price) for price in rows[n]] for n in keep], np.int64).reshape(-1, 4)
    minute_ns = np.array([start_ns + n * NS_PER_MINUTE for n in keep], np.int64)
    return BarColumns(symbol, minute_ns, *(columns[:, i].copy() for i in range(4)), volume=np.full(len(keep), 1_000, np.int64))


def random_bars(symbol: str, table: SessionTable, seed: int, price_usd: float = 50.0, quotes: bool = False) -> BarColumns:
    """A seeded random walk on the cent grid over the regular minutes of all sessions, with about one minute in 30 missing.

    `quotes` brings their sizes and the trade counts too.
    """
    rng = np.random.default_rng(seed)
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE, dtype=np.int64) for s in table.sessions])
    minute_ns = minute_ns[rng.random(len(minute_ns)) > 1 / 30]
    steps = rng.integers(-6, 7, (len(minute_ns), 4)) * 100
    path = np.maximum(usd(price_usd) + np.cumsum(steps.reshape(-1)), 10_000).reshape(-1, 4)
    opens, closes = path[:, 0], path[:, 3]
    high, low = path.max(axis=1) + rng.integers(0, 3, len(path)) * 100, path.min(axis=1) - rng.integers(0, 3, len(path)) * 100
    half = rng.integers(0, 3, len(path)) * 100
    volume = rng.integers(100, 10_000, len(path))
    return BarColumns(
        symbol,
        minute_ns,
        opens.copy(),
        high,
        low,
        closes.copy(),
        volume,
        opens - half if quotes else None,
        opens + half if quotes else None,
        volume // 90 if quotes else None,
        *((rng.integers(1, 90, (2, len(path))) * 100) if quotes else (None, None)),
    )
