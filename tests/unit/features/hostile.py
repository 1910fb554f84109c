"""Histories that try to break a feature: each is one symbol's input rows (T, ROW_WIDTH), made of whole units as live makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.features import feature as row

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

FIRST_OPEN_MINUTE = 22_689_510  # 2013-02-20 14:30 UTC, a Wednesday: 9:30 in New York; two weeks later the clocks change
DAY_MINUTES = 24 * 60
OPTIONAL = ("trades", "bid", "ask", "bid_size", "ask_size", "reference", "vix", "yield_3m", "yield_10y")
PRICES = (row.OPEN, row.HIGH, row.LOW, row.CLOSE, row.BID, row.ASK, row.REFERENCE)
COLUMNS = ("open", "high", "low", "close", "volume", "session", "session_end", "minute", *OPTIONAL)


@dataclass(frozen=True)
class Bars:
    """One symbol's history: `rows` (T, ROW_WIDTH) as `rows.grid_rows` would give them."""

    name: str
    rows: Float

    def __len__(self) -> int:
        return len(self.rows)

    def first_of_session(self) -> Int:
        """Indices of each session's first bar."""
        session = self.rows[:, row.SESSION]
        return np.flatnonzero(np.diff(session, prepend=-1.0))

    def frame(self) -> pd.DataFrame:
        """The rows under their names, for pandas oracles."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def part(self, start: int, stop: int | None = None) -> Bars:
        return replace(self, rows=self.rows[start:stop])

    def priced(self, factor: float) -> Bars:
        """The same bars with every price multiplied."""
        rows = self.rows.copy()
        rows[:, PRICES] = np.round(rows[:, PRICES] * UNITS_PER_USD) * factor / UNITS_PER_USD
        return replace(self, rows=rows)

    def without(self, *inputs: str) -> Bars:
        """The same bars with some optional inputs absent."""
        rows = self.rows.copy()
        rows[:, [COLUMNS.index(name) for name in inputs]] = np.nan
        return replace(self, rows=rows)


def bars(
    name: str, open_: Float, high: Float, low: Float, close: Float, volume: Float, minutes: int, seed: int = 0, keep: Float | None = None
) -> Bars:
    """Rows from prices in dollars (rounded to whole units, at least one) and shares, `minutes` a session; `keep` < 1 drops minutes.

    Sessions lie on weekdays, one hour earlier in UTC after the clocks change. A full tape, reference and macro values are there.
    """
    rng = np.random.default_rng(seed + 1000)
    units = [np.maximum(1.0, np.round(p * UNITS_PER_USD)) for p in (open_, high, low, close)]
    o, c = units[0], units[3]
    h, l = np.maximum.reduce(units), np.minimum.reduce(units)
    t = np.arange(len(o))
    session_no, within = t // minutes, t % minutes
    weekday = 2 + session_no
    day = (weekday // 5) * 7 + weekday % 5 - 2
    session = FIRST_OPEN_MINUTE + day * DAY_MINUTES - 60 * (day >= 18)
    rows = np.full((len(o), row.ROW_WIDTH), np.nan)
    for column, values in ((row.OPEN, o), (row.HIGH, h), (row.LOW, l), (row.CLOSE, c)):
        rows[:, column] = values / UNITS_PER_USD
    rows[:, row.VOLUME] = np.floor(volume)
    rows[:, row.SESSION], rows[:, row.SESSION_END], rows[:, row.MINUTE] = session, session + minutes, session + within
    below, above = (np.round(o * rng.uniform(0, 5e-4, len(o))) for _ in range(2))  # quotes are those at the bar's start
    bid = np.maximum(1.0, o - below)
    rows[:, row.BID], rows[:, row.ASK] = bid / UNITS_PER_USD, np.maximum(bid, o + above) / UNITS_PER_USD
    rows[:, row.BID_SIZE], rows[:, row.ASK_SIZE] = rng.integers(1, 5000, len(c)), rng.integers(1, 5000, len(c))
    rows[:, row.TRADES] = np.maximum(1, rows[:, row.VOLUME] // rng.integers(20, 200, len(c)))
    rows[:, row.REFERENCE] = np.round(180 * np.exp(np.cumsum(rng.normal(0, 4e-4, len(c)))) * UNITS_PER_USD) / UNITS_PER_USD
    rng_day = np.random.default_rng(seed + 2000).normal(0, 1, (session_no[-1] + 1, 3))
    rows[:, row.VIX] = (18 + 4 * np.abs(rng_day[:, 0]))[session_no]
    rows[:, row.YIELD_3M], rows[:, row.YIELD_10Y] = (0.1 + 0.02 * rng_day[:, 1])[session_no], (2 + 0.1 * rng_day[:, 2])[session_no]
    return Bars(name, rows if keep is None else rows[rng.random(len(rows)) < keep])


def walk(name: str = "walk", seed: int = 1, sessions: int = 4, minutes: int = 390, usd: float = 14.0, sigma: float = 1e-3) -> Bars:
    """An ordinary stock: a random walk with gaps overnight and volume of a few thousand shares, some minutes without any."""
    o, h, l, c, v = _walk(seed, sessions * minutes, usd, sigma)
    return bars(name, o, h, l, c, v, minutes, seed)


def hostile(sessions: int = 4, minutes: int = 390) -> tuple[Bars, ...]:
    """Every kind of history that a family must survive."""
    n = sessions * minutes
    t = np.arange(n)

    def made(name: str, change: Callable[[Float], Float], seed: int = 3, usd: float = 14.0, sigma: float = 1e-3) -> Bars:
        o, h, l, c, v = _walk(seed, n, usd, sigma)
        return bars(name, change(o), change(h), change(l), change(c), v, minutes, seed)

    o, h, l, c, v = _walk(5, n, 14.0, 1e-3)
    flat = np.full(n, 14.37)
    overnight = np.exp(np.random.default_rng(6).normal(0, 0.2, sessions))[t // minutes]
    wild = np.exp(np.random.default_rng(7).uniform(np.log(1e-4), np.log(1e5), n))
    up = 10 + 0.01 * t
    down = up[::-1]
    saw = 20 + 0.05 * (t % 2)
    stale = c[(t // 40) * 40]
    some_tape = bars("tape comes and goes", o, h, l, c, v, minutes, 5)
    absent = np.random.default_rng(8).random((n, len(OPTIONAL))) < 0.03
    some_tape.rows[:, row.TRADES :][absent] = np.nan
    return (
        walk(sessions=sessions, minutes=minutes),
        made("a penny stock at the tick", lambda p: p, usd=4e-4, sigma=0.2),
        made("1e-4 usd", lambda p: p, usd=1e-4, sigma=1e-3),
        made("1e5 usd", lambda p: p, usd=9e4),
        made("quiet", lambda p: p, usd=180.0, sigma=1e-6),
        made("gaps overnight", lambda p: p * overnight),
        made("split times ten", lambda p: np.where(t < n // 2, p, p * 10)),
        made("split by twenty", lambda p: np.where(t < n // 2, p, p / 20)),
        bars("minutes missing", o, h, l, c, v, minutes, 5, keep=0.7),
        bars("few minutes", o, h, l, c, v, minutes, 5, keep=0.15),
        bars("no volume", o, h, l, c, 0 * v, minutes),
        bars("seldom traded", o, h, l, c, v * (t % 37 == 0), minutes),
        bars("volume stops", o, h, l, c, v * (t < n // 2), minutes),
        bars("heavy volume", o, h, l, c, v * 1e6, minutes),
        bars("constant", flat, flat, flat, flat, v, minutes),
        bars("constant, no volume", flat, flat, flat, flat, 0 * v, minutes),
        bars("constant close", flat, flat + 0.03, flat - 0.02, flat, v, minutes),
        bars("one print a minute", c, c, c, c, v, minutes),
        bars("stale", stale, stale, stale, stale, v, minutes),
        bars("wild", wild[::-1], wild * 1.5, wild / 2, wild, v, minutes),
        bars("always up", up, up + 0.01, up, up + 0.01, v, minutes),
        bars("always down", down, down, down - 0.01, down - 0.01, v, minutes),
        bars("saw", saw, saw, saw, saw, v, minutes),
        some_tape,
        walk("no tape", 9, sessions, minutes).without(*OPTIONAL),
    )


def _walk(seed: int, n: int, usd: float, sigma: float) -> tuple[Float, Float, Float, Float, Float]:
    rng = np.random.default_rng(seed)
    close = usd * np.exp(np.cumsum(rng.normal(0, sigma, n)))
    open_ = close * np.exp(rng.normal(0, sigma / 2, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, sigma / 3, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, sigma / 3, n)))
    volume = rng.integers(0, 5000, n) * (rng.random(n) > 0.05)
    return open_, high, low, close, volume.astype(np.float64)
