"""Law: the fast scan and the full simulation on an ideal venue are the same backtest, to the last unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.scan_market import Dice, assert_same, logged, market, random_config, random_venue, simulate
from tests.property.scan_sizing import random_sizing
from tradebot.core.config import EngineConfig, PlaybookConfig, RegimeConfig, StrategiesConfig
from tradebot.core.domain.bars import BarColumns, MarketGrid
from tradebot.core.domain.session import SessionTable
from tradebot.core.opinions.history import as_perceived, classifier_history, opinions_of
from tradebot.core.opinions.mind import Mind
from tradebot.core.selection.config import PerformanceConfig, SelectionConfig
from tradebot.core.strategies.gates import GatesConfig
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.backtest import outcome, scan_market
from tradebot.sim.venue_config import VenueConfig

NAMES = ("breakout_momentum", "momentum_amplification", "ma_cross", "hf_scalping", "extreme_mean_reversion", "kalman_ma")


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


def playbook(rng: np.random.Generator) -> PlaybookConfig:
    """Strategies that warm up within an hour, weighed in any way, throttled or not."""
    gates = GatesConfig(
        signal_strength_min=0.1, volume_ratio_min=0.0, momentum_min=0.0, order_interval_s_min=float(rng.choice([0, 62, 120]))
    )
    return PlaybookConfig(
        strategies=StrategiesConfig(names=NAMES, confluence=False, parameters={}),
        regime=RegimeConfig(detector=str(rng.choice(["three", "volatility_state"])), persistence_bars=int(rng.choice([1, 3]))),
        selection=SelectionConfig(
            mode=rng.choice(["bandit", "performance", "ensemble", "regime"]),
            forecast_min=float(rng.choice([0.0, 0.02])),
            exit_below=0.0,
            performance=PerformanceConfig(long_only=bool(rng.choice([True, False]))),
        ),
        gates=gates if rng.random() < 0.7 else None,
    )


@settings(max_examples=25, deadline=None, derandomize=True, print_blob=True)
@given(seed=st.integers(0, 10**9), symbols=st.integers(1, 4))
def test_sizes_of_every_rule_are_those_of_the_full_simulation(seed: int, symbols: int) -> None:
    """Volatilities count after a session's worth of minutes, records after some trades: a long session first."""
    rng = np.random.default_rng(seed)
    config, venue_config = replace(random_config(rng), playbook=playbook(rng), sizing=random_sizing(rng)), random_venue(rng)
    assert_strategies_trade_the_same(config, venue_config, *market(rng, symbols, [391, 130, 75]))


@settings(max_examples=25, deadline=None, derandomize=True, print_blob=True)
@given(seed=st.integers(0, 10**9), symbols=st.integers(1, 4), minutes=st.lists(st.sampled_from([75, 130]), min_size=3, max_size=4))
def test_strategies_trade_as_in_the_full_simulation(seed: int, symbols: int, minutes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    config, venue_config = replace(random_config(rng), playbook=playbook(rng)), random_venue(rng)
    assert_strategies_trade_the_same(config, venue_config, *market(rng, symbols, minutes))


def assert_strategies_trade_the_same(
    config: EngineConfig, venue_config: VenueConfig, histories: list[BarColumns], table: SessionTable, grid: MarketGrid
) -> None:
    first = int(grid.session_of.searchsorted(1))
    thought = opinions_of(grid, Mind.of(config, None), first)
    scan = scan_market(config, venue_config, grid, thought.conviction, thought.valid, thought.exits, first, evidence=thought.evidence)
    fast = outcome(
        config, venue_config, grid, thought.conviction, first, scan,
        thought.leading, thought.strategies, thought.regime, thought.regimes,
    )  # fmt: skip
    *_, full = simulate(config, venue_config, histories, table, grid, 1, None)
    assert_same(fast, full)
