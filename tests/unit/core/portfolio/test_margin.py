"""The learned margin: its quantile, its coverage in any market, what it makes of skill and of none, and what it forgets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradebot.core.portfolio.margin import KNOWN_MIN, WINDOW, MarginState, quantile_cut
from tradebot.core.state import State, state_from_bytes, state_to_bytes

SPREAD = 0.004  # one deviation over the horizon
SESSION = 390


def taught(
    skill: float, minutes: int, coverage: float = 0.5, horizon: int = 5, seed: int = 1, jolt: int = 0
) -> tuple[MarginState, list[float]]:
    """After prices whose drift is `skill` times what was promised; and every score with the cut in force, as score - cut."""
    rng, margin, kept = np.random.default_rng(seed), MarginState(), list[float]()
    price, prices, promises = 1e8, [], []
    for t in range(minutes):
        conviction = float(rng.uniform(0.1, 0.5))
        prices.append(price)
        promises.append((conviction, margin.cut))
        if t % SESSION >= horizon:
            then, (c, cut) = prices[t - horizon], promises[t - horizon]
            if math.isfinite(cut):
                kept.append(c - (round(price) / round(then) - 1.0) / SPREAD - cut)
        opened, close, there = t // SESSION * SESSION, np.array([round(price)]), np.ones(1, np.bool_)
        margin.learn(t, opened, close, there, np.array([conviction]), np.array([SPREAD]), 0.1, horizon, coverage)
        wild = 3.0 if jolt and t > jolt else 1.0
        price *= 1.0 + skill * conviction * SPREAD / horizon + rng.normal(0.0, wild * SPREAD / math.sqrt(horizon))
    return margin, kept


def test_the_quantile_by_hand() -> None:
    scores = np.arange(1.0, 100.0)  # 99: with alpha 0.1 the 90th of (99 + 1)
    assert quantile_cut(scores, 0.1) == 90.0
    assert quantile_cut(scores, 0.5) == 50.0
    assert quantile_cut(scores, 0.0) == math.inf
    assert quantile_cut(scores, -0.2) == math.inf
    assert quantile_cut(scores, 1.1) == -math.inf
    assert quantile_cut(scores[: KNOWN_MIN - 1], 0.5) == math.inf


@pytest.mark.parametrize("coverage", [0.5, 0.8])
@pytest.mark.parametrize("jolt", [0, 2000])
def test_as_many_keep_their_word_as_was_asked_for(coverage: float, jolt: int) -> None:
    _, over = taught(0.0, 6000, coverage, jolt=jolt)
    assert np.mean(np.array(over) <= 0.0) == pytest.approx(coverage, abs=0.02)


def test_a_forecast_without_skill_is_cut_to_nothing_and_one_with_skill_is_left() -> None:
    empty, _ = taught(0.0, 6000)
    honest, _ = taught(1.0, 6000)
    assert empty.cut == pytest.approx(0.3, abs=0.15)  # the mean of what was promised
    assert abs(honest.cut) < 0.15


def test_unknown_until_enough_has_come() -> None:
    assert taught(0.0, KNOWN_MIN + 4)[0].cut == math.inf
    assert math.isfinite(taught(0.0, KNOWN_MIN + 5)[0].cut)
    assert len(taught(0.0, 2000)[0].scores) == WINDOW


def test_a_promise_is_of_one_session_and_needs_its_bar() -> None:
    def learn(margin: MarginState, t: int, opened: int, there: bool, conviction: float = 0.5) -> None:
        margin.learn(t, opened, np.array([1000 + t]), np.array([there]), np.array([conviction]), np.array([SPREAD]), 0.2, 3, 0.5)

    margin = MarginState()
    for t in range(4):
        learn(margin, t, 0, True)
    assert len(margin.scores) == 1
    learn(margin, 4, 0, False)
    learn(margin, 5, 5, True)  # another session
    assert len(margin.scores) == 1
    for t, conviction in ((6, 0.1), (7, math.nan), (8, 0.5), (9, 0.5), (10, 0.5)):
        learn(margin, t, 5, True, conviction)
    assert len(margin.scores) == 2  # of minute 5; 6 was below the threshold, 7 no forecast


def test_a_snapshot_goes_on_and_a_new_universe_keeps_the_promises_of_those_that_stay() -> None:
    margin, _ = taught(0.3, 500)
    state = State(symbols=("A",))
    state.sizing.margin = margin
    again = state_from_bytes(state_to_bytes(state)).sizing.margin
    for name in ("promises", "scores"):
        np.testing.assert_array_equal(getattr(again, name), getattr(margin, name))
    assert (again.alpha, again.cut) == (margin.alpha, margin.cut)
    before = margin.promises.copy()
    margin.watch(np.array([-1, 0]))
    np.testing.assert_array_equal(margin.promises[1], before[0])
    assert not margin.promises[0].any()
