"""The full simulation, event by event: engine, driver and venue, BENCH.md A and B, in bars a second.

A: one symbol, 440,000 minutes, the 2-bar mean over the 8-bar mean, in and out at the next open. B: 100 symbols x 30 sessions, one event a
minute, at most ten positions, 2 % stop, 4 % target, flat at the close. Both with spread, fees, brackets at the venue and every limit; the
opinions of the whole history are formed in one call (core/opinions/foreseen.py), inside the timing. The same orders and cash as the fast
backtest of the same opinions: checked here before a figure is printed.

Cost must be linear in the number of trades: a tenth of A is run as well, and the time a trade of both compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable

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
    figures, rates = [], []
    for name, grid, rules, fast, slow, bar in (("A", a, rules_a, 2, 8, 165_000), ("B", b, rules_b, 10, 50, 1_000_000)):
        took, orders, per_trade = timed(grid, rules, fast, slow)
        rates.append(per_trade)
        bars = grid.close.size
        note = f"at least {bar:,} wanted; {bars:,} bars, {len(grid.minute_ns):,} events, {orders:,} orders, {took:.2f} s"
        figures.append(Figure(f"full simulation {name}", bars / took, "bars/s", None, note))
    _, _, small = timed(tenth, rules_a, 2, 8)
    figures.append(Figure("full simulation, time a trade, A over a tenth of A", rates[0] / small, "x", None, "1: linear in the trades"))
    return figures


def timed(grid: MarketGrid, rules: EngineConfig, fast: int, slow: int) -> tuple[float, int, float]:
    """Seconds, orders, and seconds an order; the run is compared with the fast backtest."""
    run = prepared(grid, rules, fast, slow)
    began = time.perf_counter()
    engine, orders = run()
    took = time.perf_counter() - began
    conviction, exits = _opinions(grid, fast, slow)
    quick = fast_backtest(rules, VenueConfig(), grid, conviction, grid.present, exits)
    cash = engine.state.book.cash_units
    assert (quick.cash_units, quick.orders) == (cash, orders), f"{quick.cash_units}, {quick.orders} != {cash}, {orders}"
    return took, orders, took / max(orders, 1)


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
