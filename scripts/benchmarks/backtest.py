"""The fast backtest: BENCH.md A and B beside a bare compiled loop (the practical limit), a plain Python loop and vectorbt.

A: one symbol, 440,000 minutes, the 2-bar mean over the 8-bar mean: in at the next open, out at the next open. Ours computes the means,
sizes by equity, asks every limit, pays spread and fees, keeps stops at the venue and counts exact integers; the bare loop does none of it.
B: 100 symbols x 30 sessions, at most ten positions, 2 % stop, 4 % target, flat at the close.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numba import njit

from scripts.benchmarks.indicators import walk
from scripts.benchmarks.measure import Figure
from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.sim.outcome import Outcome
from tradebot.sim.scan.backtest import fast_backtest
from tradebot.sim.venue_config import VenueConfig

BARS, SESSIONS, SYMBOLS, REPEATS = 440_000, 30, 100, 15
Float = np.ndarray


def measure() -> list[Figure]:
    from scripts.benchmarks import whole_profile  # all of the application: no part of A's own process

    a, b = case_a(), case_b()
    return [*_figures_a(a), *_figures_b(b), *_process(), *whole_profile.measure()]


def config(positions_max: int, fraction: float, stop: float, target: float) -> EngineConfig:
    return EngineConfig(
        profile="bench",
        entry=EntryConfig(confidence_min=0.5, price_usd_min=1.0, price_usd_max=0.0),
        sizing=SizingConfig(equity_fraction=fraction, max_shares=0),
        exits=ExitsConfig(stop_fraction=stop, target_fraction=target, flatten_before_close_min=5),
        limits=LimitsConfig(positions_max=positions_max, order_usd_max=10**9, daily_loss_fraction_max=1.0),
    )


def case_a() -> MarketGrid:
    return walk(BARS // 390 + 1, 1)


def case_b() -> MarketGrid:
    return walk(SESSIONS, SYMBOLS)


@njit(cache=True, error_model="numpy")
def crossover(close, fast, slow, conviction, exits):  # type: ignore[no-untyped-def]
    """Above: wanted; not above: not wanted. Sums are of whole units, so they are exact."""
    for n in range(close.shape[1]):
        quick, long = 0, 0
        for t in range(close.shape[0]):
            quick += close[t, n] - (close[t - fast, n] if t >= fast else 0)
            long += close[t, n] - (close[t - slow, n] if t >= slow else 0)
            above = t >= slow - 1 and quick * slow > long * fast
            conviction[t, n] = 1.0 if above else 0.0
            exits[t, n] = not above


def run_a(grid: MarketGrid) -> Outcome:
    """Averages, opinions and the backtest."""
    conviction, exits = np.empty(grid.close.shape), np.empty(grid.close.shape, np.bool_)
    crossover(grid.close, 2, 8, conviction, exits)
    return fast_backtest(config(1, 0.01, 0.5, 1.0), VenueConfig(), grid, conviction, grid.present, exits)


@njit(cache=True, error_model="numpy")
def _bare(open_, close, fast, slow):  # type: ignore[no-untyped-def]
    """The practical limit: floats, one unit, no cost, no limit."""
    quick, long, cash, held, trades = 0.0, 0.0, 0.0, False, 0
    for t in range(len(close) - 1):
        quick += close[t] - (close[t - fast] if t >= fast else 0.0)
        long += close[t] - (close[t - slow] if t >= slow else 0.0)
        above = t >= slow - 1 and quick * slow > long * fast
        if above != held:
            cash += open_[t + 1] if held else -open_[t + 1]
            trades += not held
            held = above
    return cash, trades


def _plain(open_: list[float], close: list[float]) -> int:
    """The same loop in Python, with a queue for each mean as a strategy would write it."""
    quick: list[float] = []
    slow: list[float] = []
    cash, held, trades = 0.0, False, 0
    for t in range(len(close) - 1):
        quick.append(close[t])
        slow.append(close[t])
        if len(quick) > 2:
            quick.pop(0)
        if len(slow) > 8:
            slow.pop(0)
        above = len(slow) == 8 and sum(quick) / 2 > sum(slow) / 8
        if above != held:
            cash += open_[t + 1] if held else -open_[t + 1]
            trades += not held
            held = above
    return trades


def _figures_a(grid: MarketGrid) -> list[Figure]:
    took, made = best(lambda: run_a(grid))
    bars = len(grid.minute_ns)
    open_, close = grid.open[:, 0] / 10_000.0, grid.close[:, 0] / 10_000.0
    bare, _ = best(lambda: _bare(open_, close, 2, 8))
    plain, _ = best(lambda: _plain(open_.tolist(), close.tolist()), 2)
    note = f"{made.fills:,} fills ({len(made.trades):,} round trips), {bars:,} bars, {bars / took / 1e6:.0f} M bars/s; best of {REPEATS}"
    return [
        Figure("backtest A, ours", took * 1e3, "ms", 30.0, note),
        Figure("backtest A, bare numba loop", bare * 1e3, "ms", None, f"no costs, no limits, floats; ours is {took / bare:.1f}x"),
        Figure("backtest A, plain Python loop", plain * 1e3, "ms", None, f"ours is {took / plain:.3f}x"),
        *_vectorbt(close, took),
    ]


def _vectorbt(close: Float, took: float) -> list[Figure]:
    if find_spec("vectorbt") is None:
        print("vectorbt is not installed: left out (BENCH.md: 89 ms in A, 240 ms in B)", file=sys.stderr)
        return []
    import pandas as pd
    import vectorbt as vbt

    series = pd.Series(close)

    def peer() -> Any:
        quick, slow = vbt.MA.run(series, 2), vbt.MA.run(series, 8)
        return vbt.Portfolio.from_signals(series, quick.ma_crossed_above(slow), quick.ma_crossed_below(slow)).total_return()

    theirs, _ = best(peer, 3)
    return [Figure("backtest A, vectorbt", theirs * 1e3, "ms", None, f"ours is {took / theirs:.2f}x")]


@njit(cache=True, error_model="numpy")
def _bare_b(open_, high, low, close, fast, slow, places, stop, target, session):  # type: ignore[no-untyped-def]
    """B as a bare loop: floats, one unit a trade, no cost, no sizes, no limits but the number of positions."""
    minutes, symbols = close.shape
    quick, long, entry = np.zeros(symbols), np.zeros(symbols), np.zeros(symbols)
    held, trades, cash = 0, 0, 0.0
    for t in range(minutes - 1):
        last = (t + 1) % session >= session - 5
        for n in range(symbols):
            quick[n] += close[t, n] - (close[t - fast, n] if t >= fast else 0.0)
            long[n] += close[t, n] - (close[t - slow, n] if t >= slow else 0.0)
            if entry[n] > 0.0:
                out = 0.0
                if low[t, n] <= entry[n] * (1.0 - stop):
                    out = entry[n] * (1.0 - stop)
                elif high[t, n] >= entry[n] * (1.0 + target):
                    out = entry[n] * (1.0 + target)
                elif last:
                    out = open_[t + 1, n]
                if out > 0.0:
                    cash, entry[n], held = cash + out - entry[n], 0.0, held - 1
            elif held < places and not last and t >= slow and quick[n] * slow > long[n] * fast:
                entry[n], held, trades = open_[t + 1, n], held + 1, trades + 1
    return cash, trades


def run_b(grid: MarketGrid) -> Outcome:
    conviction, exits = np.empty(grid.close.shape), np.empty(grid.close.shape, np.bool_)
    crossover(grid.close, 10, 50, conviction, exits)
    return fast_backtest(config(10, 0.09, 0.02, 0.04), VenueConfig(), grid, conviction, grid.present)


def _figures_b(grid: MarketGrid) -> list[Figure]:
    took, made = best(lambda: run_b(grid))
    cells = grid.close.size
    prices = [x / 10_000.0 for x in (grid.open, grid.high, grid.low, grid.close)]
    bare, _ = best(lambda: _bare_b(*prices, 10, 50, 10, 0.02, 0.04, 390))
    note = f"{len(made.trades):,} trades, {made.refusals:,} refused, {cells / 1e6:.2f} M bars, {cells / took / 1e6:.0f} M bars/s"
    return [
        Figure("backtest B, ours", took * 1e3, "ms", 60.0, note),
        Figure("backtest B, bare numba loop", bare * 1e3, "ms", None, f"no costs, no limits, floats; ours is {took / bare:.1f}x"),
    ]


def best(work: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    """The shortest of some runs in seconds, after one that compiles, and what the last one made."""
    made, shortest = work(), float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        made = work()
        shortest = min(shortest, time.perf_counter() - began)
    return shortest, made


_WHOLE = """
import json
from pathlib import Path
from scripts.benchmarks.backtest import case_a, run_a
made = run_a(case_a())
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([int(peak.split()[1]) / 1024, len(made.trades)]))
"""
# Not getrusage: its ru_maxrss of a new program starts at what its parent's was.


def _process() -> list[Figure]:
    """A from a cold process, kernels in the cache: imports, bars, averages, backtest."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _WHOLE], capture_output=True, text=True, check=True, env=dict(os.environ))
    took = time.perf_counter() - began
    rss, trades = json.loads(done.stdout)
    note = f"a new process: imports, making the bars, averages, {trades:,} round trips"
    return [Figure("backtest A, whole process", took, "s", 1.5, note), Figure("backtest A, peak RSS", rss, "MB", 300.0, "of that process")]
