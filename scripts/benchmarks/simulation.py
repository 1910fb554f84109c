"""The full simulation, event by event: engine, driver and venue, BENCH.md A and B, in bars a second.

A: one symbol, 440,000 minutes, the 2-bar mean over the 8-bar mean, in and out at the next open. B: 100 symbols x 30 sessions, one event a
minute, at most ten positions, 2 % stop, 4 % target, flat at the close. Both with spread, fees, brackets at the venue and every limit; the
opinions of the whole history are formed in one call (core/opinions/foreseen.py), inside the timing. The same orders and cash as the fast
backtest of the same opinions: checked here before a figure is printed.

Seconds are the processor's: the engine is one thread, and a busy neighbour is not its cost. On an idle machine they are the wall's, which
the note gives. Cost must be linear in the number of trades: a tenth of A is run as well, and the time an order of both compared. What a bar
costs in which nothing is traded is told apart from what an order costs, by the same bars with a threshold that nothing passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scripts.benchmarks.backtest import BARS, SESSIONS, SYMBOLS, config, crossover
from scripts.benchmarks.indicators import walk
from scripts.benchmarks.measure import Figure
from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import BarColumns, MarketGrid
from tradebot.core.domain.session import SessionTable
from tradebot.core.engine import Engine
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.history import Opinions
from tradebot.sim.driver import Simulation
from tradebot.sim.scan.backtest import fast_backtest
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

BEFORE_OPEN_NS = 6 * 3600 * 10**9


def measure() -> list[Figure]:
    a = walk(BARS // 390 + 1, 1)
    tenth = walk(BARS // 3900 + 1, 1)
    b = walk(SESSIONS, SYMBOLS)
    rules_a, rules_b = config(1, 0.9, 0.5, 1.0), config(10, 0.09, 0.02, 0.04)
    figures, ran = [], {}
    for name, grid, rules, fast, slow, bar in (("A", a, rules_a, 2, 8, 165_000), ("B", b, rules_b, 10, 50, 1_000_000)):
        ran[name] = took, wall, orders = timed(grid, rules, fast, slow)
        bars = grid.close.size
        word = "ok" if bars / took >= bar else "MISSED"
        note = f"{word}: at least {bar:,} wanted; {bars:,} bars, {len(grid.minute_ns):,} events, {orders:,} orders, wall {wall:.2f} s"
        figures.append(Figure(f"full simulation {name}", bars / took, "bars/s", None, note))
    small, _, few = timed(tenth, rules_a, 2, 8)
    idle, _, _ = timed(tenth, replace(rules_a, entry=replace(rules_a.entry, confidence_min=1.1)), 2, 8)
    took, _, orders = ran["A"]
    per_bar = idle / tenth.close.size
    return [
        *figures,
        Figure("full simulation, a bar without a trade", per_bar * 1e6, "us", None, f"alone {1 / per_bar:,.0f} bars/s"),
        Figure(
            "full simulation, an order", (small - idle) / few * 1e6, "us", None, "bracket, reports, fills, books, and the bars it is held"
        ),
        Figure("full simulation, time an order, A over a tenth of A", took / orders / (small / few), "x", None, "1: linear in the trades"),
    ]


def timed(grid: MarketGrid, rules: EngineConfig, fast: int, slow: int) -> tuple[float, float, int]:
    """Processor and wall seconds, and orders; the run is compared with the fast backtest."""
    run = prepared(grid, rules, fast, slow)
    began, began_wall = time.process_time(), time.perf_counter()
    engine, orders = run()
    took, wall = time.process_time() - began, time.perf_counter() - began_wall
    conviction, exits = _opinions(grid, fast, slow)
    quick = fast_backtest(rules, VenueConfig(), grid, conviction, grid.present, exits)
    cash = engine.state.book.cash_units
    assert (quick.cash_units, quick.orders) == (cash, orders), f"{quick.cash_units}, {quick.orders} != {cash}, {orders}"
    return took, wall, orders


def prepared(grid: MarketGrid, rules: EngineConfig, fast: int, slow: int) -> Callable[[], tuple[Engine, int]]:
    """A run whose bars are loaded and whose kernels are compiled; nothing else has been done for it."""
    table = SessionTable(grid.sessions)
    histories = {
        symbol: BarColumns(
            symbol, grid.minute_ns, *(np.ascontiguousarray(c[:, n]) for c in (grid.open, grid.high, grid.low, grid.close, grid.volume))
        )
        for n, symbol in enumerate(grid.symbols)
    }
    _opinions(grid, fast, slow)

    def run() -> tuple[Engine, int]:
        conviction, exits = _opinions(grid, fast, slow)
        foreseen = Foreseen(grid, Opinions(conviction, grid.present, exits), rules)
        venue = Venue(histories, table, grid.sessions[0].open_ns - BEFORE_OPEN_NS, VenueConfig())
        engine = Engine(rules, table, {}, foreseen=foreseen)
        Simulation(engine, venue, grid).run("")
        return engine, sum(not order.parent_id for order in venue.orders.values())

    return run


def _opinions(grid: MarketGrid, fast: int, slow: int) -> tuple[np.ndarray, np.ndarray]:
    conviction, exits = np.empty(grid.close.shape), np.empty(grid.close.shape, np.bool_)
    crossover(grid.close, fast, slow, conviction, exits)
    return conviction, exits
