"""Law: the fast scan and the full simulation on an ideal venue are the same backtest, to the last unit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.scan_market import Dice, assert_same, logged, market, random_config, random_venue, simulate
from tradebot.core.opinions.history import as_perceived, classifier_history
from tradebot.core.opinions.mind import Mind
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.backtest import outcome, scan_market


@settings(max_examples=60, deadline=None, derandomize=True, print_blob=True)
@given(seed=st.integers(0, 10**9), symbols=st.integers(1, 5), minutes=st.lists(st.sampled_from([61, 75, 130]), min_size=2, max_size=4))
def test_orders_fills_fees_and_cash_are_those_of_the_full_simulation(seed: int, symbols: int, minutes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    config, venue_config = random_config(rng), random_venue(rng)
    histories, table, grid = market(rng, symbols, minutes)
    model = Dice()

    first = int(grid.session_of.searchsorted(1))
    served = Mind.of(config, model).served
    assert served is not None
    opinions = classifier_history(as_perceived(grid, first), served)
    scan = scan_market(config, venue_config, grid, opinions.conviction, opinions.valid, None, first, log_rows=20_000)
    orders, fills = logged(scan, grid.symbols)

    seen, engine, venue, full = simulate(config, venue_config, histories, table, grid, 1, model)
    assert sorted(orders) == sorted(seen.orders)
    assert sorted(fills) == sorted(seen.fills)
    assert scan.book.account[at.FEES] == seen.fees_units
    assert scan.book.account[at.CASH] == engine.state.book.cash_units == venue.cash_units
    held = {grid.symbols[n]: int(q) for n, q in enumerate(scan.book.rows[:, at.QTY]) if q}
    assert held == {s: p.qty for s, p in venue.positions.items()}
    assert_same(outcome(config, venue_config, grid, opinions.conviction, first, scan), full)
