"""Regimes learned from SPY's January of 2011, and sessions of March traded by them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.golden.sample import SAMPLE, Run
from tradebot.app.backtest import rebalance_start_ns
from tradebot.app.learn import learn
from tradebot.app.market import Market, market_of
from tradebot.core.domain.session import Session
from tradebot.core.engine import Engine
from tradebot.core.forecast.model import Model
from tradebot.settings import Settings, load_settings
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue

FIRST, LAST = dt.date(2011, 3, 9), dt.date(2011, 3, 10)
JANUARY = dt.date(2011, 1, 3), dt.date(2011, 1, 31)
NAMES = ("momentum", "mean_reversion", "volatility_breakout")  # swing reads daily columns, which a week doesn't warm up
ENVIRONMENT = {
    "TRADEBOT__UNIVERSE__SYMBOLS": '["SPY"]',
    "TRADEBOT__STRATEGIES__NAMES": '["momentum", "mean_reversion", "volatility_breakout"]',
    "TRADEBOT__SELECTION__FORECAST_MIN": "0.05",
    "TRADEBOT__MODEL__KIND": "regimes",
    "TRADEBOT__MODEL__TREES": "20",
}


def learned_settings(detector: str, models: Path, mode: str = "bandit") -> Settings:
    """living_lab on SPY alone, its regimes learned."""
    asked = {"REGIME__DETECTOR": detector, "MODELS_DIR": str(models), "SELECTION__MODE": mode}
    return load_settings("living_lab", ENVIRONMENT | {f"TRADEBOT__{key}": value for key, value in asked.items()})


def spy() -> Market:
    from tradebot.shell.store.bars import read_bar_folder

    return market_of(read_bar_folder(SAMPLE, ("SPY",)), quotes=False)


def learn_january(market: Market, models: Path) -> Path:
    """The folder of the version."""
    return learn(learned_settings("hmm", models), market.grid(market.between(*JANUARY)), None, lambda _: None)


def march(market: Market) -> tuple[Session, ...]:
    """The sessions of March up to LAST; the last two are traded."""
    return market.between(dt.date(2011, 3, 1), LAST)


def run(market: Market, settings: Settings, model: Model, until_minute: int | None = None) -> tuple[Run, Engine]:
    """Trade FIRST to LAST, warmed up by March before. `until_minute`: after that many decisions a restored snapshot goes on instead."""
    models, venue = {model.model_id: model}, Venue(market.histories, market.table, rebalance_start_ns(march(market)[-2]), settings.venue)
    engine, seen = Engine(settings.engine, market.table, models), Run()
    simulation = Simulation(engine, venue, market.grid(march(market)))

    def observe(event: object, commands: object) -> None:
        seen.observe(event, commands)  # type: ignore[arg-type]
        if len(seen.decisions) == until_minute and simulation.engine is engine:
            simulation.engine = Engine.restore(settings.engine, market.table, models, engine.snapshot())

    simulation.observer = observe
    simulation.run(model.model_id)
    return seen, simulation.engine
