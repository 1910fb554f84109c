"""Whatever goes wrong with orders: nothing is doubled, no position turns around, and at quiet what rests covers exactly what is held."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.rough_market import RoughMarket, Tally
from tests.property.scan_market import BEFORE_OPEN_NS, Dice, market
from tradebot.core.config import EngineConfig
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig


def run(seed: int, latency_ms: int = 0) -> Tally:
    rng = np.random.default_rng(seed)
    symbols = int(rng.integers(1, 4))
    config = EngineConfig(
        profile="rough",
        entry=EntryConfig(confidence_min=0.5, price_usd_min=0.0, price_usd_max=0.0),
        sizing=SizingConfig(equity_fraction=0.02, max_shares=int(rng.choice([0, 9]))),
        exits=ExitsConfig(
            stop_fraction=float(rng.choice([0.004, 0.02])),
            target_fraction=float(rng.choice([0.004, 0.03])),
            flatten_before_close_min=int(rng.choice([1, 5])),
            mode="adaptive" if rng.random() < 0.5 else "fixed",
            atr_minutes=5,
            stop_atrs=float(rng.choice([1.0, 4.0])),
        ),
        limits=LimitsConfig(positions_max=10, order_usd_max=50_000.0, daily_loss_fraction_max=1.0),
    )
    histories, table, grid = market(rng, symbols, (45, 30))
    venue_config = VenueConfig(cash_usd=100_000.0, half_spread_bps=1.0, partial_fill_probability=0.5, latency_ms=latency_ms, seed=seed)
    venue = Venue({b.symbol: b for b in histories}, table, grid.sessions[0].open_ns - BEFORE_OPEN_NS, venue_config)
    model = Dice()
    rough = RoughMarket(Engine(config, table, {model.model_id: model}), venue, grid, seed=seed)
    rough.run(model.model_id)
    return rough.tally


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_rests_covers_what_is_held(seed: int) -> None:
    run(seed)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([200, 20_000]))
def test_also_where_orders_take_their_time(seed: int, latency_ms: int) -> None:
    run(seed, latency_ms)


def test_everything_is_tried() -> None:
    tallies = [run(seed) for seed in range(40)]
    for name in ("placed", "replaced", "lost", "cancelled", "emergencies", "quiet"):
        assert sum(getattr(tally, name) for tally in tallies) > 0, name
