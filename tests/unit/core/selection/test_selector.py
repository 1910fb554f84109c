"""The selector minute by minute: what an hour's choice earns, when it is made, and what ends it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from tests.unit.core.selection.books import DAY_NS, MINUTE_NS, OPEN_NS
from tradebot.core.selection.bandit import COUNT, MEAN
from tradebot.core.selection.config import BanditConfig, PerformanceConfig, SelectionConfig
from tradebot.core.selection.memory import SelectionState, new_selection
from tradebot.core.selection.selector import Selection, select

STRATEGIES, REGIMES, FLAT = 2, 3, 2
FREE = PerformanceConfig(cost_bps=0.0)
ONE, YES = np.ones(1), np.ones(1, np.bool_)


def minute(
    state: SelectionState,
    at: int,
    config: SelectionConfig,
    *,
    day: int = 0,
    price: float = 100.0,
    signals: tuple[float, float] = (1.0, -0.5),
    valid: tuple[bool, bool] = (True, True),
    regime: int = 1,
    pool: tuple[float, float] = (1.0, 1.0),
    probabilities: tuple[float, float, float] | None = None,
    present: bool = True,
) -> Selection:
    """One symbol, whose bar opens and closes at `price`."""
    start = OPEN_NS + day * DAY_NS
    return select(
        state, start + at * MINUTE_NS, start, start + 390 * MINUTE_NS, ONE * price, ONE * price, YES & present,
        np.array([signals]), np.array([valid]), np.array([regime]), np.array([pool]),
        None if probabilities is None else np.array([probabilities]), config,
    )  # fmt: skip


def new() -> SelectionState:
    return new_selection(1, STRATEGIES, REGIMES)


def test_the_forecast_is_weight_times_signal() -> None:
    said = minute(new(), 0, SelectionConfig(mode="regime"))
    assert said.weights.tolist() == [[0.5, 0.5]]
    assert said.forecast.tolist() == [0.25]
    assert said.leading.tolist() == [0]
    assert said.valid.tolist() == [True]


def test_what_is_not_valid_adds_nothing_and_no_bar_says_nothing() -> None:
    config, state = SelectionConfig(mode="regime"), new()
    said = minute(state, 0, config, signals=(np.nan, -0.5), valid=(False, True))
    assert (said.forecast.tolist(), said.leading.tolist()) == ([-0.25], [1])
    said = minute(state, 1, config, present=False)
    assert (said.forecast.tolist(), said.valid.tolist(), said.leading.tolist()) == ([0.0], [False], [-1])
    said = minute(state, 2, config, valid=(False, False))
    assert (said.forecast.tolist(), said.valid.tolist()) == ([0.0], [False])


def test_a_crisis_puts_all_weights_to_zero_in_every_mode() -> None:
    for mode in ("meta", "bandit", "performance", "ensemble", "regime"):
        said = minute(new(), 0, SelectionConfig(mode=mode), pool=(0.0, 0.0), probabilities=(0.5, 0.5, 0.0))  # type: ignore[arg-type]
        assert said.weights.tolist() == [[0.0, 0.0]], mode
        assert said.forecast.tolist() == [0.0]


BANDIT = SelectionConfig(mode="bandit", performance=FREE, bandit=BanditConfig(kind="ucb_tuned", epsilon=0.0, discount=1.0))


def test_the_hour_rewards_its_arm_from_decision_minute_to_decision_minute() -> None:
    state = new()
    said = minute(state, 0, BANDIT)
    assert said.chosen.tolist() == [0]  # nothing was tried: the first
    assert said.propensities.tolist() == [[1.0, 0.0, 0.0]]
    assert minute(state, 1, BANDIT).forecast.tolist() == [1.0]  # all on the arm, nothing on the other
    minute(state, 59, BANDIT, price=110.0)  # +10%
    assert not state.bandit.any()
    said = minute(state, 60, BANDIT, price=121.0, regime=2)  # +10% more, still the old hour's
    assert state.bandit[1, 0, [COUNT, MEAN]].tolist() == pytest.approx([1.0, 0.2])
    assert said.chosen.tolist() == [0]  # untried in regime 2
    minute(state, 61, BANDIT, price=121.0)
    minute(state, 120, BANDIT, price=60.5)
    assert state.bandit[2, 0, [COUNT, MEAN]].tolist() == pytest.approx([1.0, -0.5])
    assert state.bandit[0].tolist() == [[0.0] * 3] * 3
    minute(state, 389, BANDIT, price=60.5)
    minute(state, 0, BANDIT, day=1, price=30.0)  # the night is nobody's
    assert state.bandit[1, 1, [COUNT, MEAN]].tolist() == pytest.approx([1.0, 0.0])


def test_a_decision_minute_that_never_came_gives_its_bars_to_the_new_hour() -> None:
    state = new()
    minute(state, 0, BANDIT)
    minute(state, 1, BANDIT)
    minute(state, 2, BANDIT, price=110.0)
    minute(state, 65, BANDIT, price=220.0)  # five minutes late: its gain is not the old hour's
    assert state.bandit[1, 0, [COUNT, MEAN]].tolist() == pytest.approx([1.0, 0.1])
    assert state.block_ns == OPEN_NS + 60 * MINUTE_NS


def test_an_arm_is_one_that_the_regime_trades_and_that_can_speak() -> None:
    assert minute(new(), 0, BANDIT, pool=(0.0, 1.0)).chosen.tolist() == [1]
    assert minute(new(), 0, BANDIT, signals=(np.nan, 1.0), valid=(False, True)).chosen.tolist() == [1]
    assert minute(new(), 0, BANDIT, pool=(0.0, 0.0)).chosen.tolist() == [FLAT]
    assert minute(new(), 0, BANDIT, regime=-1).chosen.tolist() == [-1]


def test_a_symbol_that_is_late_chooses_when_it_comes_and_keeps_it() -> None:
    state = new()
    assert minute(state, 0, BANDIT, present=False).chosen.tolist() == [-1]
    assert minute(state, 7, BANDIT).chosen.tolist() == [0]
    state.bandit[1, 1] = 50.0, 1.0, 0.0  # another arm looks better now
    assert minute(state, 8, BANDIT).chosen.tolist() == [0]
    assert minute(state, 9, BANDIT, pool=(0.0, 1.0)).forecast.tolist() == [0.0]  # the regime turned away from it
    assert minute(state, 10, BANDIT).forecast.tolist() == [1.0]


def test_each_symbol_draws_its_own_arm_from_its_own_chances() -> None:
    count = 4000
    state = new_selection(count, STRATEGIES, REGIMES)
    state.bandit[0, 0] = 9.0, 0.002, 1e-5
    config = SelectionConfig(mode="bandit", bandit=BanditConfig(epsilon=0.1))
    ones, pairs = np.ones(count), np.ones((count, STRATEGIES))
    regime, pool = np.arange(count) % 2, pairs.copy()
    pool[::4, 0] = 0.0  # a quarter, all of regime 0, may not trade the first strategy
    said = select(state, OPEN_NS, OPEN_NS, OPEN_NS + DAY_NS, ones, ones, ones > 0, pairs, pairs > 0, regime, pool, None, config)
    for rows in (np.arange(0, count, 4), np.arange(2, count, 4), np.arange(1, count, 2)):
        assert (said.propensities[rows] == said.propensities[rows[0]]).all()
        p = said.propensities[rows[0]]
        seen = np.bincount(said.chosen[rows], minlength=3)
        assert not seen[p == 0].any()
        assert chisquare(seen[p > 0], p[p > 0] * len(rows)).pvalue > 0.001
    assert said.propensities[0, 0] == 0.0
    assert said.propensities[2, 0] > said.propensities[1, 0] > 0.0


META = SelectionConfig(mode="meta", performance=FREE)


def test_the_selectors_probabilities_of_the_first_minute_hold_for_the_hour() -> None:
    state = new()
    said = minute(state, 0, META, probabilities=(0.25, 0.25, 0.5))
    assert said.weights.tolist() == [[0.25, 0.25]]
    assert said.forecast.tolist() == [0.125]
    assert said.chosen.tolist() == [FLAT]
    said = minute(state, 1, META, probabilities=(1.0, 0.0, 0.0), pool=(1.0, 0.0))
    np.testing.assert_allclose(said.weights, [[0.25 / 0.75, 0.0]])
    assert minute(state, 60, META, probabilities=(1.0, 0.0, 0.0)).weights.tolist() == [[1.0, 0.0]]
    assert not state.bandit.any()


def test_no_opinion_of_the_selector_trades_nothing_until_it_has_one() -> None:
    state = new()
    assert minute(state, 0, META).forecast.tolist() == [0.0]
    assert minute(state, 1, META, probabilities=(np.nan, np.nan, np.nan)).chosen.tolist() == [-1]
    assert minute(state, 2, META, probabilities=(0.0, 1.0, 0.0)).forecast.tolist() == [-0.5]


def test_a_proven_loser_loses_its_weight() -> None:
    config, state = SelectionConfig(mode="performance"), new()
    random, price = np.random.default_rng(0), 100.0
    for t in range(3 * 390):
        turn = float(random.choice([-1.0, 1.0]))  # one trades on noise and pays, the other stays out
        price *= float(np.exp(random.normal(0, 1e-4)))
        said = minute(state, t % 390, config, day=t // 390, price=price, signals=(turn, 0.0))
    assert said.weights[0, 0] == 0.0
    assert said.weights[0, 1] == 0.5


def test_a_new_universe_keeps_what_stays_and_the_bandit() -> None:
    state = new_selection(3, STRATEGIES, REGIMES)
    state.ledger[:] = np.arange(3)[:, None, None]
    state.marks[:], state.chosen[:], state.bandit[:] = [10.0, 11.0, 12.0], [0, 1, 2], 5.0
    state.watch(np.array([2, -1, 0, 1]))
    assert state.marks.tolist() == [12.0, 0.0, 10.0, 11.0]
    assert state.chosen.tolist() == [2, -1, 0, 1]
    assert state.ledger[:, 0, 0].tolist() == [2.0, 0.0, 0.0, 1.0]
    assert state.opens_ns[1] == -1
    assert (state.bandit == 5.0).all()


def test_time_never_goes_back() -> None:
    state = new()
    minute(state, 5, META)
    with pytest.raises(AssertionError, match="go forward"):
        minute(state, 5, META)
