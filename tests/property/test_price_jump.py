"""The fast backtest refuses the same absurd prices as the engine does, bar for bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.scan_market import Dice, logged, market, random_config, random_venue, simulate
from tradebot.core.opinions.history import opinions_of
from tradebot.core.opinions.mind import Mind
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.backtest import scan_market

JUMP = 0.002  # far too small, so that it strikes all the time


@settings(max_examples=10)
@given(st.integers(0, 10**9))
def test_scan_and_engine_believe_the_same_prices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    config, venue_config = replace(random_config(rng), price_jump_max=JUMP), random_venue(rng)
    histories, table, grid = market(rng, 3, [61, 75, 130])
    first, mind = int(grid.session_of.searchsorted(1)), Mind.of(config, Dice())
    opinions = opinions_of(grid, mind, first, JUMP)
    assert (opinions_of(grid, mind, first).valid & ~opinions.valid).any()
    scan = scan_market(config, venue_config, grid, opinions.conviction, opinions.valid, None, first, log_rows=20_000)
    orders, fills = logged(scan, grid.symbols)
    seen, engine, venue, _ = simulate(config, venue_config, histories, table, grid, 1, Dice())
    assert sorted(orders) == sorted(seen.orders)
    assert sorted(fills) == sorted(seen.fills)
    assert scan.book.account[at.CASH] == engine.state.book.cash_units == venue.cash_units
