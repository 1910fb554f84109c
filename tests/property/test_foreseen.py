"""An engine with foresight does what the engine without it does: the same orders, fills, cash and refusals, for any market and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.sample import FIRST, LAST, Run, sample_market
from tests.golden.strategy_sample import engine_config
from tests.property.scan_market import BEFORE_OPEN_NS, Dice, Seen, assert_same, market, random_config, random_venue, simulate
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.core.engine import Engine
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.history import opinions_of
from tradebot.core.opinions.mind import Mind
from tradebot.sim.driver import Simulation
from tradebot.sim.outcome import Outcome
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.witness import Witness


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_a_classifier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    config, venue_config, symbols = random_config(rng), random_venue(rng), int(rng.integers(1, 4))
    if seed % 2:
        config = replace(config, exits=replace(config.exits, mode="adaptive", atr_minutes=5, stop_atrs=2.0, target_atrs=3.0))
    if seed % 3:
        config = replace(config, price_jump_max=0.002)  # far too small, so that it strikes all the time
    histories, table, grid = market(rng, symbols, (60, 45, 60))
    asked, engine, _, outcome = simulate(config, venue_config, histories, table, grid, 0, Dice())

    foreseen = Foreseen(grid, opinions_of(grid, Mind.of(config, Dice()), 0, config.price_jump_max), config)
    again, seen = Venue({b.symbol: b for b in histories}, table, grid.sessions[0].open_ns - BEFORE_OPEN_NS, venue_config), Seen()
    other = Engine(config, table, {}, foreseen=foreseen)
    witness = Witness(other, again, grid.sessions)

    def observe(event: Event, commands: Sequence[Command]) -> None:
        seen.observe(event, commands)
        witness.observe(event, commands)

    Simulation(other, again, grid, observer=observe).run("")
    assert (seen.orders, seen.fills, seen.fees_units) == (asked.orders, asked.fills, asked.fees_units)
    assert other.state.book.cash_units == engine.state.book.cash_units == again.cash_units
    assert other.state.trades.open == engine.state.trades.open
    assert_same(witness.outcome(), outcome)


@pytest.mark.parametrize("mode", ["bandit", "performance"])
def test_strategies_on_real_sessions(mode: str) -> None:
    rules, real = engine_config(mode), sample_market()
    sessions = real.between(FIRST, LAST)
    grid = real.grid(real.since(real.before(FIRST)[-3].open_ns, sessions))
    first = int(grid.minute_ns.searchsorted(sessions[0].open_ns))
    runs: list[tuple[Run, Engine, Outcome]] = []
    for foreseen in (None, Foreseen(grid, opinions_of(grid, Mind.of(rules, None), first), rules)):
        venue = Venue(real.histories, real.table, sessions[0].open_ns - BEFORE_OPEN_NS, VenueConfig())
        engine, seen = Engine(rules, real.table, {}, foreseen=foreseen), Run()
        witness = Witness(engine, venue, sessions)

        def observe(event: Event, commands: Sequence[Command], seen: Run = seen, witness: Witness = witness) -> None:
            seen.observe(event, commands)
            witness.observe(event, commands)

        Simulation(engine, venue, grid, observer=observe).run("")
        runs.append((seen, engine, witness.outcome()))
    (asked, one, said), (told, other, saw) = runs
    assert asked.intents == told.intents
    assert asked.fills == told.fills
    assert asked.trades == told.trades
    assert one.state.book.cash_units == other.state.book.cash_units
    assert_same(saw, said)
    assert len({trade.strategy for trade in saw.trades}) > 1, "several strategies led"
