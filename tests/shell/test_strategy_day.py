"""A day traded by strategies, through the wire and without one: the same forecasts, orders and cash, with no model anywhere.

They enter by limits that do not all fill: those that don't are cancelled, on both ways at the same minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.golden.strategy_sample import engine_config
from tests.shell import scene
from tradebot.core.config_text import config_text
from tradebot.core.domain.bars import market_grid
from tradebot.core.domain.commands import CancelOrder, Command, RecordDecision, SubmitOrder
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import Event
from tradebot.core.domain.orders import OrderIntent
from tradebot.core.engine import Engine
from tradebot.core.execution.order_type import ExecutionConfig
from tradebot.core.features.catalogue import warm_up_bars
from tradebot.core.opinions.mind import columns_read
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds.warm_up import warm_up_from
from tradebot.shell.store import reads
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue

NAMES = (
    "ultra_volatility",
    "breakout_momentum",
    "momentum_amplification",
    "ma_cross",
    "hf_scalping",
    "extreme_mean_reversion",
    "kalman_ma",
)
PATIENT = ExecutionConfig(entry_order="marketable_limit", limit_band_bps=0.001, entry_patience_s=0.0)  # the last close itself
CONFIG = replace(engine_config("bandit", NAMES), profile="scene", execution=PATIENT)
WARM_UP_BARS = warm_up_bars(columns_read(CONFIG, None))


def new_engine(snapshot: bytes | None) -> Engine:
    if snapshot is None:
        return Engine(CONFIG, scene.sessions(), {})
    return Engine.restore(CONFIG, scene.sessions(), {}, snapshot)


class Watch:
    """What the engine decided, by minute, and what it ordered."""

    def __init__(self) -> None:
        self.decisions: dict[int, Decision] = {}
        self.orders: list[OrderIntent] = []
        self.cancels: list[CancelOrder] = []

    def __call__(self, event: Event, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, RecordDecision):
                self.decisions[command.decision.minute_ns] = command.decision
            if isinstance(command, SubmitOrder):
                self.orders.append(command.intent)
            if isinstance(command, CancelOrder):
                self.cancels.append(command)


def without_a_wire(watch: Watch) -> Simulation:
    warm_from_ns = warm_up_from(scene.sessions(), scene.start_ns(), WARM_UP_BARS)
    sessions = [s for s in scene.sessions().sessions if s.date <= scene.DAY and s.close_ns > warm_from_ns]
    grid = market_grid([scene.until(scene.DAY)[s] for s in scene.SYMBOLS], sessions)
    venue = Venue(scene.until(scene.DAY), scene.sessions(), scene.start_ns(), scene.VENUE)
    return Simulation(new_engine(None), venue, replace(grid, tape=None), grace_s=scene.GRACE_S, observer=watch, warm_from_ns=warm_from_ns)


async def test_strategies_decide_the_same_over_the_wire(tmp_path: Path) -> None:
    wire = Watch()
    with scene.market() as server:
        changes = {
            "engine_factory": new_engine,
            "config": config_text(CONFIG),
            "promotion": None,
            "warm_up_bars": WARM_UP_BARS,
            "observer": wire,
        }
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state", **changes))
    assert summary.differences == ()
    assert summary.positions == ()

    direct = Watch()
    simulation = without_a_wire(direct)
    simulation.run("")
    assert summary.cash_units == simulation.venue.cash_units
    assert sorted(wire.orders, key=lambda o: o.client_order_id) == sorted(direct.orders, key=lambda o: o.client_order_id)
    assert len(wire.orders) > 10
    assert any(order.limit_units for order in wire.orders)
    overdue = [[c.client_order_id for c in watch.cancels if "not filled" in c.reason] for watch in (wire, direct)]
    assert overdue[0] == overdue[1] != []
    for minute_ns, ours in direct.decisions.items():
        theirs = wire.decisions[minute_ns]
        assert ours.confidence.tobytes() == theirs.confidence.tobytes()
        assert ours.reasons == theirs.reasons
        assert ours.thoughts is not None and theirs.thoughts is not None
        assert ours.thoughts.arms == theirs.thoughts.arms
        assert np.array_equal(ours.thoughts.weights, theirs.thoughts.weights)
    outcomes = {job["job"]: job["outcome"] for job in reads.jobs(f"sqlite:///{tmp_path}/state/journal.db")}
    assert outcomes["session_close"] == "ran"
