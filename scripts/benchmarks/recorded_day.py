"""A recorded day of 100 symbols, 390 minutes, in a journal as a daemon leaves it: what recovery and replay are measured on.

Traded in process against the venue, every event and its commands journaled by the daemon's own writer, after the warm-up that the profile's
features ask for. Also the program that the benches start as a child: `python -m scripts.benchmarks.recorded_day recover|replay FOLDER`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scripts.benchmarks.indicators import walk
from tradebot.core.config import EngineConfig
from tradebot.core.config_text import config_text
from tradebot.core.domain.bars import BarColumns, MarketGrid
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import DaemonStarted, Event
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.core.features.sets import SETS
from tradebot.core.forecast.model import Answer
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.recovery import recover
from tradebot.shell.store.replay import replay
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

SYMBOLS = 100
FEATURES = tuple(SETS["both"])


@dataclass(frozen=True)
class Cents:
    """Likes some prices: entries all day, without a model on disk."""

    model_id: str = "cents"
    features: tuple[str, ...] = FEATURES
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.round(np.nan_to_num(rows[:, 0]) * 100) % 97 / 96


def rules() -> EngineConfig:
    return EngineConfig(
        profile="bench",
        entry=EntryConfig(confidence_min=0.97, price_usd_min=1, price_usd_max=0),
        sizing=SizingConfig(equity_fraction=0.04, max_shares=0),
        exits=ExitsConfig(stop_fraction=0.004, target_fraction=0.006, flatten_before_close_min=5),
        limits=LimitsConfig(positions_max=10, order_usd_max=50_000, daily_loss_fraction_max=0.5),
    )


def market() -> MarketGrid:
    return walk(3, SYMBOLS)


def engine_factory(grid: MarketGrid) -> Callable[[bytes | None], Engine]:
    table, models = SessionTable(grid.sessions), {"cents": Cents()}

    def make(snapshot: bytes | None) -> Engine:
        return Engine(rules(), table, models) if snapshot is None else Engine.restore(rules(), table, models, snapshot)

    return make


async def record(folder: Path, minutes: int = 390) -> int:
    """Trade the last session and journal it; the number of events. `minutes` short of 390 leaves it in mid-day, as a SIGKILL does."""
    grid = market()
    session = grid.sessions[-1]
    table = SessionTable(grid.sessions)
    columns = ("open", "high", "low", "close", "volume")
    bars = {
        symbol: BarColumns(symbol, grid.minute_ns, *(np.ascontiguousarray(getattr(grid, c)[:, n]) for c in columns))
        for n, symbol in enumerate(grid.symbols)
    }
    engine = engine_factory(grid)(None)
    journal = Journal.open(f"sqlite:///{folder}/journal.db")
    end_ns = session.open_ns + minutes * NS_PER_MINUTE

    class Killed(Exception):
        pass

    def observe(event: Event, commands: Sequence[Command]) -> None:
        if event.ts_event_ns > end_ns and minutes < 390:
            raise Killed
        journal.append_soon(event, commands)

    start_ns = session.open_ns - 5 * NS_PER_MINUTE
    started = DaemonStarted(ts_event_ns=start_ns, config=config_text(rules()), program="bench")
    observe(started, engine.handle(started))
    venue = Venue(bars, table, start_ns, VenueConfig(cash_usd=1_000_000))
    warm = grid.minute_ns[max(0, int(grid.minute_ns.searchsorted(start_ns)) - warm_up_bars(FEATURES))]
    simulation = Simulation(engine, venue, replace(grid, tape=None), observer=observe, warm_from_ns=int(warm))
    with suppress(Killed):
        simulation.run("cents")
    await journal.flush()
    events = journal.last_seq
    await journal.close()
    return events


async def _recover(folder: Path) -> None:
    began = time.perf_counter()
    journal = Journal.open(f"sqlite:///{folder}/journal.db")
    found = recover(journal, engine_factory(market()))
    print(f"{found.replayed} {time.perf_counter() - began:.3f}")
    await journal.close()


def _replay(folder: Path) -> None:
    began = time.perf_counter()
    found = replay(f"sqlite:///{folder}/journal.db", engine_factory(market()), 0, 2**62)
    assert found.divergence is None, found.divergence
    print(f"{found.events.total()} {time.perf_counter() - began:.3f} {found.commands['RecordDecision']} {found.commands['SubmitOrder']}")


if __name__ == "__main__":
    if sys.argv[1] == "recover":
        asyncio.run(_recover(Path(sys.argv[2])))
    else:
        _replay(Path(sys.argv[2]))
