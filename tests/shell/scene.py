"""A real engine, the committed real bars, a simulated Alpaca on loopback, and the daemon between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.config_text import config_text
from tradebot.core.domain.bars import BarColumns, market_grid
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.timetable import TimetableConfig
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.core.forecast.model import Answer
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.shell.broker.endpoints import Credentials, endpoints
from tradebot.shell.calendar import session_table
from tradebot.shell.parts import DaemonParts, Promotion
from tradebot.shell.store.bars import read_bar_folder
from tradebot.sim.alpaca_server.server import ServerThread
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SYMBOLS = ("AIG", "BAC", "IBM", "SPY")
DAY = dt.date(2013, 10, 9)
KEYS = Credentials("PKTEST", "canary-secret-5f2e")
GRACE_S = 2.0
VENUE = VenueConfig(cash_usd=100_000, half_spread_bps=1.0)
# Which orders fill in parts depends on the order of arrival, and orders of one minute are sent at the same time.
PARTIAL_FILLS = VenueConfig(cash_usd=100_000, half_spread_bps=1.0, partial_fill_probability=0.3)


@dataclass(frozen=True)
class Cents:
    """A model that likes some prices and dislikes others: many entries, and none of them by chance."""

    model_id: str = "cents"
    features: tuple[str, ...] = ("close", "macd")
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.round(rows[:, 0] * 100) % 23 / 22


def engine_config() -> EngineConfig:
    return EngineConfig(
        profile="scene",
        entry=EntryConfig(confidence_min=0.9, price_usd_min=1, price_usd_max=0),
        sizing=SizingConfig(equity_fraction=0.05, max_shares=0),
        exits=ExitsConfig(stop_fraction=0.002, target_fraction=0.003, flatten_before_close_min=5),
        limits=LimitsConfig(positions_max=3, order_usd_max=50_000, daily_loss_fraction_max=0.5),
    )


MODELS = {"cents": Cents()}
WARM_UP_BARS = warm_up_bars(Cents().features)


@cache
def sessions() -> SessionTable:
    return session_table(dt.date(2013, 9, 25), dt.date(2013, 10, 20))


@cache
def histories() -> Mapping[str, BarColumns]:
    """The days of October 2013, without the older bars that the folder holds too."""
    first_ns = sessions().sessions[0].open_ns
    found = read_bar_folder(SAMPLE, SYMBOLS)
    return {s: found[s].rows(found[s].minute_ns >= first_ns) for s in SYMBOLS}


def until(last: dt.date) -> Mapping[str, BarColumns]:
    session = sessions().on(last)
    assert session is not None
    return {s: bars.rows(bars.minute_ns < session.close_ns) for s, bars in histories().items()}


def start_ns(day: dt.date = DAY) -> int:
    session = sessions().on(day)
    assert session is not None
    return session.open_ns - 5 * 60 * 10**9


def new_engine(snapshot: bytes | None) -> Engine:
    if snapshot is None:
        return Engine(engine_config(), sessions(), MODELS)
    return Engine.restore(engine_config(), sessions(), MODELS, snapshot)


@contextmanager
def market(
    speed: float = 0.0,
    day: dt.date = DAY,
    last: dt.date = DAY,
    venue: VenueConfig = VENUE,
    bars: Mapping[str, BarColumns] | None = None,
) -> Iterator[ServerThread]:
    simulator = Simulator(bars or until(last), sessions(), start_ns(day), speed, venue, KEYS.key_id, KEYS.secret)
    with ServerThread(simulator) as server:
        yield server


def parts(url: str, state: Path, **changes: Any) -> DaemonParts:
    chosen = DaemonParts(
        engine_factory=new_engine,
        journal_url=f"sqlite:///{state}/journal.db",
        state_dir=state,
        credentials=KEYS,
        endpoints=endpoints(url),
        sessions=sessions(),
        timetable=TimetableConfig(),
        flatten_before_close_min=5,
        universe=SYMBOLS,
        config=config_text(engine_config()),
        program="scene",
        warm_up_bars=WARM_UP_BARS,
        promotion=Promotion("cents", "0" * 64, "test"),
        poll_s=60.0,
        grace_s=GRACE_S,
    )
    return replace(chosen, **changes)


def in_process(day: dt.date = DAY, last: dt.date = DAY) -> Simulation:
    """The same day without a wire: what the daemon's books must equal."""
    bars = until(last)
    grid = market_grid([bars[s] for s in SYMBOLS], [s for s in sessions().sessions if s.date <= last and s.date >= dt.date(2013, 10, 4)])
    venue = Venue(bars, sessions(), start_ns(day), VENUE)
    simulation = Simulation(new_engine(None), venue, grid, grace_s=GRACE_S)
    return simulation
