"""The whole catalogue beside TA-Lib, polars, pandas and talipp: batch, streaming, and the whole US market's minute (BENCH.md C).

The peers compute the common indicators that each has; a figure is the mean over them, so the columns differ and the unit doesn't.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import numpy as np

from scripts.benchmarks.measure import Figure, percentile
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.features.catalogue import FEATURE_COUNT, LONGEST_WARM_UP, new_state, scan_sessions, step_minute
from tradebot.core.features.rows import grid_rows
from tradebot.core.kernels.parts import PARTS

BARS, SESSION_BARS, MARKET, REPEATS = 440_000, 390, 11_000, 5
DAY_NS = 86_400 * 10**9
OPEN_NS = 1_381_152_600 * 10**9  # 2013-10-07 09:30 New York
Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def walk(sessions: int, symbols: int, seed: int = 7) -> MarketGrid:
    """Random walks of complete sessions, prices to the cent."""
    rng = np.random.default_rng(seed)
    shape = (sessions * SESSION_BARS, symbols)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.0005, shape), axis=0))
    open_ = close * (1.0 + rng.normal(0, 0.0002, shape))
    o, h, low, c = (
        np.round(x * 100).astype(np.int64) * 100
        for x in (open_, np.maximum(open_, close) * 1.0003, np.minimum(open_, close) * 0.9997, close)
    )
    days = tuple(
        Session(dt.date(2013, 10, 7) + dt.timedelta(i), OPEN_NS + i * DAY_NS, OPEN_NS + i * DAY_NS + SESSION_BARS * NS_PER_MINUTE)
        for i in range(sessions)
    )
    stamps = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE) for s in days])
    volume = rng.integers(100, 50_000, shape)
    names = ("SPY", *(f"S{n}" for n in range(1, symbols)))
    return MarketGrid(names, stamps, np.repeat(np.arange(sessions), SESSION_BARS), days, o, h, low, c, volume, np.ones(shape, np.bool_))


def measure() -> list[Figure]:
    grid = walk(BARS // SESSION_BARS + 1, 1)
    bars = columns(grid)
    return [*_batch(grid, bars), *_streaming(grid, bars), *_whole_market()]


def columns(grid: MarketGrid) -> Columns:
    """Open, high, low, close in dollars and volume of the first symbol, float64."""
    o, h, low, c = (np.ascontiguousarray(x[:, 0] / 10_000.0) for x in (grid.open, grid.high, grid.low, grid.close))
    return o, h, low, c, grid.volume[:, 0].astype(np.float64)


def _batch(grid: MarketGrid, bars: Columns) -> list[Figure]:
    def ours() -> None:
        for _ in scan_sessions(grid):
            pass

    made = _median_s(ours) * 1e9 / len(grid.minute_ns) / FEATURE_COUNT
    note = f"{FEATURE_COUNT} columns, one pass, one thread, {len(grid.minute_ns):,} bars; goal 5"
    figures = [Figure("batch, the whole catalogue", made, "ns per bar and feature", 10.0, note)]
    for name, module, peer in (("TA-Lib", "talib", _talib), ("polars", "polars", _polars), ("pandas", "pandas", _pandas)):
        if not _is_there(name, module):
            continue
        calls = peer(bars)
        each = sum(_median_s(call) for call in calls.values()) * 1e9 / len(bars[0]) / len(calls)
        figures.append(
            Figure(f"batch, {name}", each, "ns per bar and feature", None, f"{len(calls)} indicators; ours is {made / each:.2f}x")
        )
    return figures


def _streaming(grid: MarketGrid, bars: Columns) -> list[Figure]:
    rows, present = grid_rows(grid, 0, 20_000), grid.present[0]
    state, out, seen = new_state(1), np.empty((1, FEATURE_COUNT)), np.zeros(1, np.int64)
    for t in range(LONGEST_WARM_UP):
        step_minute(state, rows[t % len(rows)], present, out, seen)
    samples = []
    for t in range(LONGEST_WARM_UP, LONGEST_WARM_UP + 10_000):
        row = rows[t % len(rows)]
        began = time.perf_counter_ns()
        step_minute(state, row, present, out, seen)
        samples.append((time.perf_counter_ns() - began) / 1e3)
    ours = sum(samples) / len(samples) / FEATURE_COUNT
    note = f"one symbol, one call from Python a minute: mean {sum(samples) / len(samples):.1f}, p99 {percentile(samples, 99):.1f} us"
    figures = [Figure("streaming, the whole catalogue", ours, "us per update and feature", 0.02, note)]
    for name, module, peer, count in (("TA-Lib stream", "talib", _talib_stream, 8), ("talipp", "talipp", _talipp, 8)):
        if not _is_there(name, module):
            continue
        update = peer(bars)
        began = time.perf_counter()
        for t in range(200, 1_200):
            update(t)
        each = (time.perf_counter() - began) * 1e6 / 1_000 / count
        figures.append(
            Figure(f"streaming, {name}", each, "us per update and feature", None, f"{count} indicators; ours is {ours / each:.3f}x")
        )
    return figures


def _whole_market() -> list[Figure]:
    """One minute of 11,000 symbols: an ordinary one, and the worst, which ends bars of 5, 15 and 60 minutes."""
    grid = walk(1, MARKET)
    rows, present = grid_rows(grid, 0, 130), grid.present[0]
    state, out, seen = new_state(MARKET), np.empty((MARKET, FEATURE_COUNT)), np.zeros(MARKET, np.int64)
    ordinary, closing = [], []
    for t in range(130):
        began = time.perf_counter()
        step_minute(state, rows[t], present, out, seen)
        took_ms = (time.perf_counter() - began) * 1e3
        if t >= 66:
            (closing if (t + 1) % 60 == 0 else ordinary).append(took_ms)
    note = f"{FEATURE_COUNT} features, {state.nbytes / 2**20:.0f} MiB of memory; goal 30"
    threads = f"{PARTS} threads"
    return [
        Figure(f"{MARKET:,} symbols, one minute, {threads}, median", percentile(ordinary, 50), "ms", 100.0, note),
        Figure(f"{MARKET:,} symbols, the minute that ends an hour", max(closing), "ms", 100.0, "5-, 15- and 60-minute bars end with it"),
    ]


def _is_there(name: str, module: str) -> bool:
    """Peers are optional."""
    found = find_spec(module) is not None
    if not found:
        print(f"{name} is not installed and is left out: .venv/bin/pip install -c requirements.lock -e '.[bench]'", file=sys.stderr)
    return found


def _median_s(call: Callable[[], object]) -> float:
    call()
    samples = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        call()
        samples.append(time.perf_counter() - began)
    return percentile(samples, 50)


def _talib(bars: Columns) -> Mapping[str, Callable[[], object]]:
    import talib as ta

    _, h, low, c, v = bars
    return {
        "sma": lambda: ta.SMA(c, 20), "ema": lambda: ta.EMA(c, 20), "rsi": lambda: ta.RSI(c, 14), "macd": lambda: ta.MACD(c),
        "bbands": lambda: ta.BBANDS(c, 20), "atr": lambda: ta.ATR(h, low, c, 14), "adx": lambda: ta.ADX(h, low, c, 14),
        "cci": lambda: ta.CCI(h, low, c, 20), "stoch": lambda: ta.STOCH(h, low, c), "willr": lambda: ta.WILLR(h, low, c, 14),
        "mfi": lambda: ta.MFI(h, low, c, v, 14), "roc": lambda: ta.ROC(c, 10), "mom": lambda: ta.MOM(c, 10),
        "std": lambda: ta.STDDEV(c, 20), "obv": lambda: ta.OBV(c, v), "ad": lambda: ta.AD(h, low, c, v),
        "aroon": lambda: ta.AROON(h, low, 25), "ultosc": lambda: ta.ULTOSC(h, low, c), "trix": lambda: ta.TRIX(c, 15),
        "ppo": lambda: ta.PPO(c), "cmo": lambda: ta.CMO(c, 14), "max": lambda: ta.MAX(c, 20), "min": lambda: ta.MIN(c, 20),
        "slope": lambda: ta.LINEARREG_SLOPE(c, 14), "correl": lambda: ta.CORREL(h, low, 30),
    }  # fmt: skip


def _polars(bars: Columns) -> Mapping[str, Callable[[], object]]:
    import polars as pl

    _, h, low, c, v = (pl.Series(x) for x in bars)
    return {
        "sma": lambda: c.rolling_mean(20), "ema": lambda: c.ewm_mean(span=20, adjust=False), "std": lambda: c.rolling_std(20),
        "max": lambda: h.rolling_max(20), "min": lambda: low.rolling_min(20), "roc": lambda: c.pct_change(10), "mom": lambda: c.diff(10),
        "macd": lambda: c.ewm_mean(span=12, adjust=False) - c.ewm_mean(span=26, adjust=False),
        "zscore": lambda: (c - c.rolling_mean(20)) / c.rolling_std(20), "obv": lambda: pl.Series.cum_sum(c.diff().sign() * v),
        "volume_ratio": lambda: v / v.rolling_mean(10), "vwap": lambda: (c * v).rolling_sum(20) / v.rolling_sum(20),
        "skew": lambda: c.rolling_skew(20),
    }  # fmt: skip


def _pandas(bars: Columns) -> Mapping[str, Callable[[], object]]:
    import pandas as pd

    _, h, low, c, v = (pd.Series(x) for x in bars)
    return {
        "sma": lambda: c.rolling(20).mean(), "ema": lambda: c.ewm(span=20, adjust=False).mean(), "std": lambda: c.rolling(20).std(),
        "max": lambda: h.rolling(20).max(), "min": lambda: low.rolling(20).min(), "roc": lambda: c.pct_change(10),
        "mom": lambda: c.diff(10), "macd": lambda: c.ewm(span=12, adjust=False).mean() - c.ewm(span=26, adjust=False).mean(),
        "zscore": lambda: (c - c.rolling(20).mean()) / c.rolling(20).std(), "obv": lambda: np.cumsum(np.sign(c.diff()) * v),
        "volume_ratio": lambda: v / v.rolling(10).mean(), "vwap": lambda: (c * v).rolling(20).sum() / v.rolling(20).sum(),
        "skew": lambda: c.rolling(20).skew(),
    }  # fmt: skip


def _talib_stream(bars: Columns) -> Callable[[int], None]:
    from talib import stream

    _, h, low, c, _ = bars

    def update(t: int) -> None:
        s = slice(t - 200, t)
        stream.SMA(c[s], 20)
        stream.EMA(c[s], 20)
        stream.RSI(c[s], 14)
        stream.MACD(c[s])
        stream.BBANDS(c[s], 20)
        stream.ATR(h[s], low[s], c[s], 14)
        stream.ADX(h[s], low[s], c[s], 14)
        stream.CCI(h[s], low[s], c[s], 20)

    return update


def _talipp(bars: Columns) -> Callable[[int], None]:
    from talipp.indicators import ADX, ATR, BB, CCI, EMA, MACD, RSI, SMA
    from talipp.ohlcv import OHLCV

    o, h, low, c, v = (x.tolist() for x in bars)
    of_close = (SMA(20), EMA(20), RSI(14), MACD(12, 26, 9), BB(20, 2.0))
    of_bar = (ATR(14), ADX(14, 14), CCI(20))

    def update(t: int) -> None:
        for indicator in of_close:
            indicator.add(c[t])
        bar = OHLCV(o[t], h[t], low[t], c[t], v[t])
        for indicator in of_bar:
            indicator.add(bar)

    return update
