"""Groups in the fast backtest: each session's are those that the engine's own memory has, and they limit the same orders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.property.scan_market import Dice, assert_same, market, random_config, simulate
from tradebot.core.opinions.history import as_perceived, classifier_history
from tradebot.core.opinions.mind import Mind
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.sim.scan.backtest import fast_backtest
from tradebot.sim.scan.groups import known_by_session
from tradebot.sim.venue_config import VenueConfig


@pytest.mark.parametrize("seed", [1, 2])
def test_groups_bind_in_the_scan_as_in_the_engine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    histories, table, grid = market(rng, 4, (30,) * 26)
    limits = LimitsConfig(
        positions_max=4, order_usd_max=1e6, daily_loss_fraction_max=1.0, group_fraction_max=0.25, group_correlation_min=0.05,
        price_collar_fraction=0.01,
    )  # fmt: skip
    config = replace(random_config(rng), limits=limits, sizing=SizingConfig(equity_fraction=0.1, max_shares=0))
    config = replace(config, entry=replace(config.entry, confidence_min=0.1, price_usd_min=0.0, price_usd_max=0.0))
    config = replace(config, exits=replace(config.exits, stop_fraction=0.3, target_fraction=0.5, flatten_before_close_min=5))
    venue, first, model = VenueConfig(impact_y=0.0), int(grid.session_of.searchsorted(1)), Dice()

    served = Mind.of(config, model).served
    assert served is not None
    opinions = classifier_history(as_perceived(grid, first), served)
    fast = fast_backtest(config, venue, grid, opinions.conviction, opinions.valid, None, first)
    _, engine, _, full = simulate(config, venue, histories, table, grid, 1, model)
    assert_same(fast, full)

    groups = known_by_session(limits, grid, first).groups
    assert groups.shape == (25, 4)
    np.testing.assert_array_equal(engine.state.risk.groups, groups[-1])
    assert (groups[0] == -1).all()
    assert len({tuple(row) for row in groups.tolist()}) > 1, "some symbols were known in the end"
    loose = fast_backtest(
        replace(config, limits=replace(limits, group_fraction_max="off")), venue, grid, opinions.conviction, opinions.valid, None, first
    )
    assert loose.refusals < fast.refusals, "the limit bound"


@pytest.mark.parametrize("seed", [3, 4])
def test_value_at_risk_binds_in_the_scan_as_in_the_engine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    histories, table, grid = market(rng, 4, (30,) * 26)
    limits = LimitsConfig(
        positions_max=4, order_usd_max=1e6, daily_loss_fraction_max=1.0, var_fraction_max=0.03, historical_var_fraction_max=0.03,
        unknown_volatility_fraction=0.04, var_confidence=0.95, price_collar_fraction=0.01,
    )  # fmt: skip
    config = replace(random_config(rng), limits=limits, sizing=SizingConfig(equity_fraction=0.2, max_shares=0))
    config = replace(config, entry=replace(config.entry, confidence_min=0.1, price_usd_min=0.0, price_usd_max=0.0))
    config = replace(config, exits=replace(config.exits, stop_fraction=0.3, target_fraction=0.5, flatten_before_close_min=5))
    venue, first, model = VenueConfig(impact_y=0.0), int(grid.session_of.searchsorted(1)), Dice()
    served = Mind.of(config, model).served
    assert served is not None
    opinions = classifier_history(as_perceived(grid, first), served)
    fast = fast_backtest(config, venue, grid, opinions.conviction, opinions.valid, None, first)
    *_, full = simulate(config, venue, histories, table, grid, 1, model)
    assert_same(fast, full)
    loose = replace(config, limits=replace(limits, var_fraction_max="off", historical_var_fraction_max="off"))
    assert fast_backtest(loose, venue, grid, opinions.conviction, opinions.valid, None, first).refusals < fast.refusals, "they bound"
