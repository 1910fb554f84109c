"""Three real sessions traded by strategies: exact counts, thoughts for every row, and the same after a crash, in any future, in any run."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden.sample import Run, sample_market, with_future
from tests.golden.strategy_sample import NAMES, engine_config, rows_with_thoughts, run
from tradebot.app.market import Market
from tradebot.core.domain.orders import Role
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.core.engine import Engine
from tradebot.sim.venue import Venue

GOLDEN = {"orders": 346, "cash_units": 999_517_500}


@pytest.fixture(scope="module")
def market() -> Market:
    return sample_market()


@pytest.fixture(scope="module")
def three_days(market: Market) -> tuple[Run, Engine, Venue]:
    return run(market, engine_config())


def test_the_three_days_come_out_as_recorded(three_days: tuple[Run, Engine, Venue]) -> None:
    seen, engine, venue = three_days
    assert {"orders": len(seen.intents), "cash_units": engine.state.book.cash_units} == GOLDEN
    assert engine.state.book.cash_units == venue.cash_units
    assert not engine.state.book.positions


def test_every_decision_tells_its_thoughts(three_days: tuple[Run, Engine, Venue]) -> None:
    seen = three_days[0]
    weights = rows_with_thoughts(seen)
    assert len(weights) == 3 * 390 * 4
    assert (weights >= 0.0).all() and (weights <= 1.0 + 1e-12).all() and weights.any()
    for decision in seen.decisions:
        thoughts = decision.thoughts
        assert thoughts is not None and thoughts.strategies == NAMES
        assert all(decision.reasons)
        assert np.abs(thoughts.signals).max() <= 1.0
        for n, arm in enumerate(thoughts.arms):
            assert (arm in (*NAMES, "flat") and 0.0 < thoughts.propensities[n] <= 1.0) or (arm == "" and thoughts.propensities[n] == 0.0)
        np.testing.assert_allclose(
            np.nan_to_num(decision.confidence), np.clip((thoughts.weights * thoughts.signals).sum(axis=1), -1, 1), atol=1e-12
        )


def test_quotes_are_there_and_the_microstructure_strategy_speaks(three_days: tuple[Run, Engine, Venue]) -> None:
    k = NAMES.index("microstructure")
    spoken = np.array([d.thoughts.signals[:, k] for d in three_days[0].decisions if d.thoughts is not None])
    assert (spoken != 0.0).mean() > 0.2


def test_entries_keep_the_interval(three_days: tuple[Run, Engine, Venue]) -> None:
    at = sorted(i.decided_ns for i in three_days[0].intents if i.role is Role.ENTRY)
    assert len(at) > 3
    assert min(np.diff(at)) >= 120 * NS_PER_S


def test_a_position_is_closed_when_its_forecast_has_gone(three_days: tuple[Run, Engine, Venue]) -> None:
    reasons = [i.reason for i in three_days[0].intents if i.role is Role.EXIT]
    assert any(reason.startswith("forecast") for reason in reasons)


def test_a_crash_in_mid_session_changes_nothing(market: Market, three_days: tuple[Run, Engine, Venue]) -> None:
    again, engine, venue = run(market, engine_config(), until_minute=517)
    assert again.intents == three_days[0].intents
    assert venue.cash_units == three_days[2].cash_units
    assert engine.snapshot() == three_days[1].snapshot()


@pytest.mark.parametrize("minute", [400, 900])
def test_a_changed_future_changes_no_past_decision(market: Market, three_days: tuple[Run, Engine, Venue], minute: int) -> None:
    past = three_days[0].decisions[minute]
    from_ns = past.minute_ns + 2 * NS_PER_MINUTE  # a stop or target may fill at the next minute's open, in the instant of the decision
    changed = Market(with_future(market.histories, from_ns, 1.7), market.table, market.traded)
    other = run(changed, engine_config())[0].decisions
    for ours, theirs in zip(three_days[0].decisions[: minute + 1], other[: minute + 1], strict=True):
        assert ours.features.tobytes() == theirs.features.tobytes()
        assert ours.confidence.tobytes() == theirs.confidence.tobytes()
        assert ours.reasons == theirs.reasons
    assert other[minute + 2].features.tobytes() != three_days[0].decisions[minute + 2].features.tobytes()


@pytest.mark.parametrize(
    ("mode", "detector"), [("regime", "seven"), ("performance", "seven"), ("ensemble", "volatility_state"), ("bandit", "seven")]
)
def test_every_mode_runs_on_every_detector_and_stays_flat_over_night(market: Market, mode: str, detector: str) -> None:
    seen, engine, venue = run(market, engine_config(mode, detector=detector, forecast_min=0.02))
    assert len(seen.decisions) == 3 * 390
    assert engine.state.book.cash_units == venue.cash_units
    assert not engine.state.book.positions
    assert (rows_with_thoughts(seen) <= 1.0 + 1e-12).all()
