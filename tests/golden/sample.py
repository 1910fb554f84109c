"""The committed real sessions of October 2013, and a rule that trades them without a trained model."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.playbook.market import config
from tradebot.app.market import Market, market_of
from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.commands import Command, RecordDecision, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import Event
from tradebot.core.domain.orders import Fill, OrderIntent
from tradebot.core.domain.trade import Trade
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Answer
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
FIRST, LAST = dt.date(2013, 10, 9), dt.date(2013, 10, 11)


@dataclass(frozen=True)
class BelowVwap:
    """Confident when the price is 0.2 % or more below the session's VWAP."""

    model_id: str = "below_vwap"
    features: tuple[str, ...] = ("vwap_deviation", "macd_hist_rel")
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(rows[:, 0] < -0.002, 0.7, 0.1)


@dataclass
class Run:
    """What a simulation came to."""

    decisions: list[Decision] = field(default_factory=list)
    intents: list[OrderIntent] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    trades: dict[str, Trade] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        self.events.append(event)
        for command in commands:
            match command:
                case RecordDecision(decision=decision):
                    self.decisions.append(decision)
                case SubmitOrder(intent=intent):
                    self.intents.append(intent)
                case RecordFill(fill=fill):
                    self.fills.append(fill)
                case RecordTrade(trade=trade):
                    self.trades[trade.trade_id] = trade


def sample_market() -> Market:
    from tradebot.shell.store.bars import read_bar_folder

    return market_of(read_bar_folder(SAMPLE))


def run(market: Market, first: dt.date = FIRST, last: dt.date = LAST, **changes: float) -> tuple[Run, Engine, Venue]:
    """Trade `first` to `last` by the rule, warmed up on the sessions before."""
    sessions = market.between(first, last)
    grid = market.grid(market.since(market.before(first)[-1].open_ns, sessions))
    model = BelowVwap()
    venue = Venue(market.histories, market.table, sessions[0].open_ns - 6 * 3600 * 10**9, VenueConfig())
    engine = Engine(config(max_shares=0, **changes), market.table, {model.model_id: model})
    seen = Run()
    Simulation(engine, venue, grid, observer=seen.observe).run(model.model_id)
    return seen, engine, venue


def with_future(histories: Mapping[str, BarColumns], after_ns: int, factor: float) -> dict[str, BarColumns]:
    """The same bars up to `after_ns`, prices scaled from then on."""
    changed = {}
    for symbol, bars in histories.items():
        late = bars.minute_ns >= after_ns
        scaled = {}
        for name in ("open", "high", "low", "close", "bid", "ask"):
            column = getattr(bars, name)
            scaled[name] = None if column is None else np.where(late, np.round(column * factor).astype(np.int64), column)
        changed[symbol] = dataclasses.replace(bars, **scaled)
    return changed
