"""Every rule of sizing: an engine with foresight trades what the engine without it trades, on real sessions; and a snapshot goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.golden.sample import FIRST, LAST, Run, sample_market
from tests.golden.strategy_sample import engine_config
from tests.property.scan_market import BEFORE_OPEN_NS, assert_same
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.core.engine import Engine
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.history import opinions_of
from tradebot.core.opinions.mind import Mind
from tradebot.core.portfolio import evidence as at
from tradebot.core.portfolio.config import (
    CombinationConfig,
    KellyConfig,
    LeverageConfig,
    NoTradeConfig,
    PortfolioConfig,
    RiskFractionConfig,
    SizingConfig,
    VolatilityTargetConfig,
)
from tradebot.core.strategies.gates import GatesConfig
from tradebot.sim.driver import Simulation
from tradebot.sim.outcome import Outcome
from tradebot.sim.scan import able
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.witness import Witness

SIZES = {
    "kelly": SizingConfig(
        rule="kelly", equity_fraction_max=0.4, max_shares=0, kelly=KellyConfig(trades_prior=1.0), leverage=LeverageConfig()
    ),
    "volatility_target": SizingConfig(
        rule="volatility_target", equity_fraction_max=0.3, max_shares=0, volatility_target=VolatilityTargetConfig(),
        combination=CombinationConfig(sessions_min=10), portfolio=PortfolioConfig(volatility_max=0.05),
        no_trade=NoTradeConfig(cost_bps=0.1),
    ),
    "volatility_target, margin": SizingConfig(
        rule="volatility_target", equity_fraction_max=0.3, max_shares=0, volatility_target=VolatilityTargetConfig(),
        no_trade=NoTradeConfig(cost_bps=0.1, margin="conformal", coverage=0.1, horizon_min=20),
    ),
    "risk_fraction": SizingConfig(
        rule="risk_fraction", equity_fraction_max=0.2, max_shares=0,
        risk_fraction=RiskFractionConfig(fraction=0.02, by_conviction=True, var_fraction_max=0.01),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_foresight_sizes_alike(name: str) -> None:
    base, real = engine_config("performance"), sample_market()
    assert base.playbook is not None
    open_gates = GatesConfig(signal_strength_min=0.0, volume_ratio_min=0.0, momentum_min=0.0, order_interval_s_min=0.0)
    keen = replace(base.playbook.selection, forecast_min=0.02, exit_below=0.0)
    rules = replace(base, sizing=SIZES[name], playbook=replace(base.playbook, gates=open_gates, selection=keen))
    sessions = real.between(FIRST, LAST)
    grid = real.grid(real.since(real.before(FIRST)[-3].open_ns, sessions))
    first = int(grid.minute_ns.searchsorted(sessions[0].open_ns))
    runs: list[tuple[Run, Engine, Outcome]] = []
    foresight = opinions_of(grid, Mind.of(rules, None), first)
    for foreseen in (None, Foreseen(grid, foresight, rules)):
        venue = Venue(real.histories, real.table, sessions[0].open_ns - BEFORE_OPEN_NS, VenueConfig())
        engine, seen = Engine(rules, real.table, {}, foreseen=foreseen), Run()
        witness = Witness(engine, venue, sessions)
        simulation = Simulation(engine, venue, grid)

        def observe(
            event: Event, commands: Sequence[Command], seen: Run = seen, witness: Witness = witness, simulation: Simulation = simulation
        ) -> None:
            seen.observe(event, commands)
            witness.observe(event, commands)

        simulation.observer = observe
        simulation.run("")
        runs.append((seen, engine, witness.outcome()))
    (asked, one, said), (told, other, saw) = runs
    assert asked.intents == told.intents
    assert asked.fills == told.fills
    assert one.state.book.cash_units == other.state.book.cash_units
    assert_same(saw, said)
    assert len({intent.qty for intent in asked.intents}) > 1, "nothing was sized"
    sized = [size for decision in asked.decisions for size in decision.sizes]
    assert {size.rule for size in sized} == {rules.sizing.rule}
    assert ("margin" in able.why_full(rules, VenueConfig(), 0.0)) == rules.sizing.learns_margin
    assert bool(one.state.sizing.margin.scores.size) == rules.sizing.learns_margin
    assert any(size.shares and size.factors["fraction"] > 0 for size in sized)
    told_at_last, memory = foresight.evidence, one.state.sizing
    assert told_at_last is not None
    for row in told_at_last[-1]:
        if row[at.LEADER] >= 0:
            assert row[at.SESSIONS] == len(memory.sessions) >= 4
            assert row[at.SHARE] == memory.strategy_shares[int(row[at.LEADER])]
    again = Engine.restore(rules, real.table, {}, one.snapshot())
    assert again.snapshot() == one.snapshot()
