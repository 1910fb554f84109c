"""An engine with foresight does what the engine without it does: the same orders, fills, cash and refusals, for any market and rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.sample import FIRST, LAST, Run, sample_market
from tests.golden.strategy_sample import engine_config
from tests.property.scan_market import BEFORE_OPEN_NS, Dice, Seen, market, random_config, random_venue, simulate
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.engine import Engine
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.history import opinions_of
from tradebot.core.opinions.mind import Mind
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_a_classifier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    config, venue_config, symbols = random_config(rng), random_venue(rng), int(rng.integers(1, 4))
    histories, table, grid = market(rng, symbols, (60, 45, 60))
    asked, engine, _, outcome = simulate(config, venue_config, histories, table, grid, 0, Dice())

    foreseen = Foreseen(grid, opinions_of(grid, Mind.of(config, Dice()), 0), config)
    again, seen = Venue({b.symbol: b for b in histories}, table, grid.sessions[0].open_ns - BEFORE_OPEN_NS, venue_config), Seen()
    other = Engine(config, table, {}, foreseen=foreseen)
    refused = 0

    def observe(event: object, commands: object) -> None:
        nonlocal refused
        refused += type(event).__name__ == "OrderRefused"
        seen.observe(event, commands)  # type: ignore[arg-type]

    Simulation(other, again, grid, observer=observe).run("")
    assert (seen.orders, seen.fills, seen.fees_units) == (asked.orders, asked.fills, asked.fees_units)
    assert other.state.book.cash_units == engine.state.book.cash_units == again.cash_units
    assert other.state.trades.open == engine.state.trades.open
    assert other.refused + refused == outcome.refusals


@pytest.mark.parametrize("mode", ["bandit", "performance"])
def test_strategies_on_real_sessions(mode: str) -> None:
    rules, real = engine_config(mode), sample_market()
    sessions = real.between(FIRST, LAST)
    grid = real.grid(real.since(real.before(FIRST)[-3].open_ns, sessions))
    first = int(grid.minute_ns.searchsorted(sessions[0].open_ns))
    runs = []
    for foreseen in (None, Foreseen(grid, opinions_of(grid, Mind.of(rules, None), first), rules)):
        venue = Venue(real.histories, real.table, sessions[0].open_ns - BEFORE_OPEN_NS, VenueConfig())
        engine, seen = Engine(rules, real.table, {}, foreseen=foreseen), Run()
        Simulation(engine, venue, grid, observer=seen.observe).run("")
        runs.append((seen.intents, seen.fills, seen.trades, engine.state.book.cash_units))
        if foreseen is None:
            led = {i.client_order_id: d.thoughts for d in seen.decisions for i in seen.intents if i.decision_id == d.decision_id}
        else:
            assert not seen.decisions
            for intent in seen.intents:
                if intent.role == "entry":
                    at_ns = next(e.minute_ns for e in seen.events if isinstance(e, MinuteClosed) and e.ts_event_ns == intent.decided_ns)
                    thoughts = led[intent.client_order_id]
                    assert thoughts is not None
                    assert foreseen.led_by(at_ns, intent.symbol)[1] == thoughts.regimes[grid.symbols.index(intent.symbol)]
    for asked, told in zip(*runs, strict=True):
        assert asked == told
    assert runs[0][0], "nothing was traded"
