"""Grids of made-up bars: ordinary walks, and histories that try to break a feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE

DAY_NS = 86_400 * 10**9
OPEN_NS = 1_381_325_400 * 10**9  # 2013-10-09 09:30 New York
PRICES = ("open", "high", "low", "close")


def grid(seed: int, *, sessions: int = 3, minutes: int = 390, symbols: int = 2, price_usd: float = 100.0, gaps: float = 0.1) -> MarketGrid:
    """Random walks with missing minutes, constant stretches and zero volume; the first symbol is the reference."""
    rng = np.random.default_rng(seed)
    shape = (sessions * minutes, symbols)
    close = price_usd * np.exp(np.cumsum(rng.normal(0, 0.001, shape) * (rng.random(shape) > 0.2), axis=0))
    open_ = close * np.exp(rng.normal(0, 0.0005, shape))
    prices = [open_, np.maximum(open_, close) * 1.0003, np.minimum(open_, close) * 0.9997, close]
    o, h, low, c = (np.maximum(1, np.round(p * 10_000)).astype(np.int64) for p in prices)
    days = tuple(
        Session(dt.date(2013, 10, 9) + dt.timedelta(i), OPEN_NS + i * DAY_NS, OPEN_NS + i * DAY_NS + minutes * NS_PER_MINUTE)
        for i in range(sessions)
    )
    stamps = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE) for s in days])
    volume = (rng.integers(0, 5000, shape) * (rng.random(shape) > 0.05)).astype(np.int64)
    present = rng.random(shape) > gaps
    names = ("SPY", *(f"S{n}" for n in range(1, symbols)))
    return MarketGrid(names, stamps, np.repeat(np.arange(sessions), minutes), days, o, h, low, c, volume, present)


def priced(g: MarketGrid, factor: np.ndarray) -> MarketGrid:
    """Prices times `factor` (T, 1)."""
    return replace(g, **{name: np.maximum(1, np.round(getattr(g, name) * factor)).astype(np.int64) for name in PRICES})


def _constant() -> MarketGrid:
    g = grid(21, gaps=0.0)
    return replace(g, **{name: np.full_like(g.open, 143_700) for name in PRICES})


def _halt() -> MarketGrid:
    g = grid(22, gaps=0.0)
    present = g.present.copy()
    present[450:700] = False
    return replace(g, present=present)


def _splits() -> MarketGrid:
    g = grid(23, sessions=4, gaps=0.0)
    return priced(g, np.repeat([1.0, 10.0, 0.05, 1.0], 390)[:, None])


def _wild() -> MarketGrid:
    g = grid(24, gaps=0.05)
    levels = np.exp(np.random.default_rng(24).uniform(np.log(1.0), np.log(1e9), (len(g.minute_ns), 1)))
    flat = np.broadcast_to(np.round(levels), g.open.shape).astype(np.int64)
    return replace(g, open=flat, high=flat, low=flat, close=flat)


def _no_volume() -> MarketGrid:
    g = grid(25)
    return replace(g, volume=np.zeros_like(g.volume))


def _one_bar_an_hour() -> MarketGrid:
    g = grid(26, sessions=6, gaps=0.0)
    return replace(g, present=g.present & (np.arange(len(g.minute_ns)) % 60 == 17)[:, None])


def _quoted() -> MarketGrid:
    g = grid(27)
    rng = np.random.default_rng(27)
    tape = np.stack([g.open - 100, g.open + 100, *(rng.integers(0, 900, g.open.shape) for _ in range(3))], axis=2)
    tape[rng.random(g.open.shape) < 0.1] = 0
    macro = np.array([[18.0, 0.1, 2.5], [np.nan] * 3, [19.5, 0.11, 2.6]])
    return replace(g, tape=np.maximum(tape, 0), macro=macro)


HOSTILE: dict[str, Callable[[], MarketGrid]] = {
    "constant price": _constant,
    "a halt over the noon of a session": _halt,
    "splits": _splits,
    "any price each minute": _wild,
    "no volume": _no_volume,
    "one bar an hour": _one_bar_an_hour,
    "1e-4 dollars": lambda: grid(28, price_usd=1e-4),
    "1e5 dollars": lambda: grid(29, price_usd=1e5),
    "quotes, trades and macro values that come and go": _quoted,
    "half days": lambda: grid(30, minutes=210, sessions=5),
    "one bar a session": lambda: grid(31, minutes=1, sessions=40, gaps=0.0),
}
