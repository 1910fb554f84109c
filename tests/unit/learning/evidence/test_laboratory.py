"""The synthetic markets are what they say, the research on them sees no future, and the verdict tells the two kinds apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tradebot.learning.evidence.laboratory import (
    CONFIGURATIONS,
    EQUITY_USD,
    LEARNED_FIRST,
    STEP,
    decisions_of,
    forecasts_of,
    prices_of,
    research,
    sides_of,
    trades_of,
)
from tradebot.learning.evidence.synthetic import MINUTES, SyntheticMarket, World, synthetic_market

SHORT = LEARNED_FIRST + 2 * STEP


@pytest.mark.parametrize(("information", "horizon"), [(0.0, 30), (0.05, 30), (0.2, 30), (0.1, 5), (0.1, 120)])
def test_the_signal_foretells_as_much_as_it_should(information: float, horizon: int) -> None:
    world = World(information=information, horizon_min=horizon)
    found = []
    for seed in range(4):
        market = synthetic_market(world, 400, seed)
        minute = np.arange(0, MINUTES - horizon)
        earned = np.log(market.price[:, minute + 1 + horizon] / market.price[:, minute + 1])
        found.append(np.corrcoef(market.features[:, minute, 0].ravel(), earned.ravel())[0, 1])
        assert abs(np.corrcoef(market.features[:, minute, 1].ravel(), earned.ravel())[0, 1]) < 0.05
    assert np.mean(found) == pytest.approx(information, abs=0.015)


def test_a_market_is_what_its_seed_says() -> None:
    one, two, other = (synthetic_market(World(), 20, seed) for seed in (5, 5, 6))
    assert (one.price == two.price).all()
    assert (one.features == two.features).all()
    assert (one.price != other.price).any()


def test_days_vary_and_features_have_unit_variance() -> None:
    market = synthetic_market(World(drift_annual=0.2), 2000, 3)
    daily = np.diff(np.log(market.price[:, -1]))
    assert daily.std() == pytest.approx(0.015, rel=0.05)
    assert market.features.std(axis=(0, 1)) == pytest.approx(np.ones(10), rel=0.05)
    assert (market.price[1:, 0] == market.price[:-1, -1]).all()


def test_a_round_trip_costs_what_the_field_notes_say() -> None:
    assert World().round_trip == pytest.approx(2 * 1e-4 + 20.6e-6 + 2 * 0.7 * 0.015 * np.sqrt(1e-5))


def test_no_position_knows_what_comes_after_its_decision() -> None:
    market = synthetic_market(World(information=0.1), SHORT, 1)
    cut = LEARNED_FIRST + 30, 150  # session, minute
    price, features = market.price.copy(), market.features.copy()
    price[cut[0], cut[1] + 1 :] *= 1.5
    price[cut[0] + 1 :] *= 1.5
    features[cut[0], cut[1] :] += 3.0
    features[cut[0] + 1 :] += 3.0
    ours, theirs = decisions_of(market), decisions_of(SyntheticMarket(market.world, price, features))
    before = int((ours.minute < cut[1]).sum())
    for configuration in CONFIGURATIONS:
        one, two = (sides_of(forecasts_of(d, configuration.columns), configuration, 1e-4) for d in (ours, theirs))
        assert (one[:30] == two[:30]).all()
        assert (one[30, :before] == two[30, :before]).all()
        assert (one[31:] != two[31:]).any()


def test_trades_are_the_daily_returns_and_lie_on_the_grid() -> None:
    market = synthetic_market(World(information=0.1), SHORT, 2)
    decisions = decisions_of(market)
    side = sides_of(forecasts_of(decisions, slice(None)), CONFIGURATIONS[0], market.world.round_trip)
    trades, prices = trades_of(market, decisions, side), prices_of(market)
    daily = (side * np.expm1(decisions.earned[LEARNED_FIRST:])).sum(axis=1)
    assert trades.gross_usd.sum() == pytest.approx(daily.sum() * EQUITY_USD)
    assert trades.cost_usd == pytest.approx(np.full(len(trades), market.world.round_trip * EQUITY_USD))
    entry, exit_ = (np.searchsorted(prices.minute_ns, at) for at in (trades.entry_ns, trades.exit_ns))
    assert (prices.minute_ns[entry] == trades.entry_ns).all()
    on_grid = trades.side * (prices.price[exit_, 0] / prices.price[entry, 0] - 1.0) * EQUITY_USD
    assert on_grid == pytest.approx(trades.gross_usd)


def test_a_planted_edge_is_found_and_luck_is_not() -> None:
    strong = [research(synthetic_market(World(information=0.2), LEARNED_FIRST + 756, seed), 100, seed) for seed in range(3)]
    assert [report.verdict.word for report in strong] == ["EVIDENCE"] * 3
    cheap = World(half_spread=1e-6, fees=0.0, impact_y=0.0)
    for world in (World(), cheap, dataclasses.replace(cheap, drift_annual=0.2)):
        words = [research(synthetic_market(world, LEARNED_FIRST + 756, seed), 100, seed).verdict.word for seed in range(4)]
        assert "EVIDENCE" not in words


def test_half_a_year_of_twelve_trials_is_too_short_however_good() -> None:
    report = research(synthetic_market(World(information=0.2), LEARNED_FIRST + 126, 1), 50, 1)
    assert report.verdict.word != "EVIDENCE"
    assert report.sharpe == {}
