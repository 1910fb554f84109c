"""The committed sessions traded by strategies: every strategy of the catalogue, a bandit among them, no model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.golden.sample import FIRST, LAST, Run
from tests.playbook.market import config
from tradebot.app.market import Market
from tradebot.core.config import EngineConfig, PlaybookConfig, RegimeConfig, StrategiesConfig
from tradebot.core.engine import Engine
from tradebot.core.selection.config import BanditConfig, PerformanceConfig, SelectionConfig
from tradebot.core.strategies.catalogue import STRATEGIES
from tradebot.core.strategies.gates import GatesConfig
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

SLOW = ("swing",)  # reads daily columns, which six sessions don't warm up
NAMES = tuple(s.name for s in STRATEGIES if s.name not in SLOW)


def engine_config(
    mode: str = "bandit", names: tuple[str, ...] = NAMES, *, detector: str = "three", forecast_min: float = 0.2
) -> EngineConfig:
    """Long only, graded books at half a basis point a side, gates low enough that something is traded in three days."""
    chosen = SelectionConfig(
        mode=mode,  # type: ignore[arg-type]
        forecast_min=forecast_min,
        exit_below=0.0,
        performance=PerformanceConfig(long_only=True, cost_bps=0.5),
        bandit=BanditConfig(seed=11),
    )
    playbook = PlaybookConfig(
        strategies=StrategiesConfig(names=names, confluence=False, parameters={}),
        regime=RegimeConfig(detector=detector, persistence_bars=3),
        selection=chosen,
        gates=GatesConfig(signal_strength_min=0.5, volume_ratio_min=0.8, momentum_min=0.0),
    )
    base = config(max_shares=0)
    return replace(base, entry=replace(base.entry, confidence_min=0.0), playbook=playbook)


def run(market: Market, settings: EngineConfig, until_minute: int | None = None) -> tuple[Run, Engine, Venue]:
    """Trade 9 to 11 October 2013. `until_minute`: after that many decisions the engine is replaced by its restored snapshot."""
    sessions = market.between(FIRST, LAST)
    grid = market.grid(market.since(market.before(FIRST)[-3].open_ns, sessions))
    venue = Venue(market.histories, market.table, sessions[0].open_ns - 6 * 3600 * 10**9, VenueConfig())
    engine = Engine(settings, market.table, {})
    seen = Run()
    simulation = Simulation(engine, venue, grid, observer=seen.observe)
    if until_minute is not None:

        def observe(event: object, commands: object) -> None:
            seen.observe(event, commands)  # type: ignore[arg-type]
            if len(seen.decisions) == until_minute and simulation.engine is engine:
                simulation.engine = Engine.restore(settings, market.table, {}, engine.snapshot())

        simulation.observer = observe
    simulation.run("")
    return seen, simulation.engine, venue


def rows_with_thoughts(seen: Run) -> np.ndarray:
    """Sums of the weights, one number a decision and symbol."""
    return np.concatenate([d.thoughts.weights.sum(axis=1) for d in seen.decisions if d.thoughts is not None])
