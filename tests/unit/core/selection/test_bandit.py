"""Bandits: propensities are the truth, the best arm is found and found again, and flat wins where all arms lose."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import chisquare, norm

from tradebot.core.selection.bandit import (
    BanditConfig,
    beliefs,
    choose,
    draw,
    new_bandit,
    propensities,
    uniforms,
    update,
    update_hour,
)

KINDS = ("thompson", "ucb_tuned", "ucb_discounted")
ARMS = 5  # four strategies and flat
STD = 0.002
ALL = np.ones(ARMS, np.bool_)


def config(kind: str, **changes: object) -> BanditConfig:
    return dataclasses.replace(BanditConfig(kind=kind, reward_std=STD), **changes)  # type: ignore[arg-type]


def taught(seed: int, rewards: int, regimes: int = 2) -> np.ndarray:
    random = np.random.default_rng(seed)
    stats = new_bandit(regimes, ARMS - 1)
    for _ in range(rewards):
        update(stats, int(random.integers(regimes)), int(random.integers(ARMS)), float(random.normal(0, STD)), 0.98)
    return stats


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rewards", [0, 1, 7, 200])
def test_propensities_sum_to_one_and_nothing_starves(kind: str, rewards: int) -> None:
    stats = taught(1, rewards)
    for mask in (ALL, np.array([1, 0, 1, 0, 1], np.bool_), np.array([0, 0, 0, 0, 1], np.bool_), np.zeros(ARMS, np.bool_)):
        p = propensities(stats, 1, mask, config(kind, epsilon=0.1))
        allowed = mask | (np.arange(ARMS) == ARMS - 1)
        assert p.sum() == pytest.approx(1.0, abs=1e-12)
        assert (p[allowed] >= 0.1 / allowed.sum() - 1e-15).all()
        assert not p[~allowed].any()
        if kind != "thompson":
            assert p.max() == pytest.approx(0.9 + 0.1 / allowed.sum())


@pytest.mark.parametrize("rewards", [0, 5, 60, 3000])
def test_thompson_propensities_are_the_chances_of_being_best(rewards: int) -> None:
    stats = taught(2, rewards)
    mean, std = beliefs(stats[0], STD)
    p = propensities(stats, 0, ALL, config("thompson", epsilon=0.0))
    draws = np.random.default_rng(0).normal(mean, std, (400_000, ARMS - 1))
    best = np.where(draws.max(axis=1) > 0, draws.argmax(axis=1), ARMS - 1)
    np.testing.assert_allclose(p, np.bincount(best, minlength=ARMS) / len(best), atol=0.004)
    assert p[-1] == pytest.approx(float(np.prod(norm.cdf(-mean / std))), rel=1e-9)


def test_integration_survives_beliefs_of_very_different_width() -> None:
    stats = new_bandit(1, 3)
    stats[0, 0] = 1e6, 0.001, 1e6 * 1e-8  # known to a hair: 0.001
    p = propensities(stats, 0, np.ones(4, np.bool_), config("thompson", epsilon=0.0))
    mean, std = beliefs(stats[0], STD)
    above = 1 - norm.cdf(0.001 / std[1])
    assert mean[1:].tolist() == [0, 0]
    assert p[1] == pytest.approx(p[2])
    assert p[0] == pytest.approx((1 - above) ** 2, abs=2e-3)
    assert p[-1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_choices_come_as_often_as_their_propensities_say(kind: str) -> None:
    stats, settings = taught(3, 40), config(kind, epsilon=0.2)
    arms = np.array([choose(stats, 0, 11, decision, ALL, settings)[0] for decision in range(4000)])
    p = propensities(stats, 0, ALL, settings)
    assert chisquare(np.bincount(arms, minlength=ARMS), p * len(arms)).pvalue > 0.001


def test_a_choice_is_a_function_of_seed_and_decision() -> None:
    stats, settings = taught(4, 40), config("thompson")
    first = [choose(stats, 0, 5, d, ALL, settings)[0] for d in range(200)]
    assert first == [choose(stats.copy(), 0, 5, d, ALL, settings)[0] for d in range(200)]
    assert first != [choose(stats, 0, 6, d, ALL, settings)[0] for d in range(200)]
    assert uniforms(5, 9, 8)[:3].tobytes() == uniforms(5, 9, 3).tobytes()
    drawn = np.array([uniforms(5, d, 1)[0] for d in range(3000)])
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.06
    assert abs(drawn.mean() - 0.5) < 0.02


@pytest.mark.parametrize(("uniform", "arm"), [(0.0, 1), (0.249, 1), (0.25, 3), (0.999999, 3), (np.nextafter(1, 0), 3)])
def test_a_draw_never_falls_on_an_arm_without_a_chance(uniform: float, arm: int) -> None:
    assert draw(np.array([0.0, 0.25, 0.0, 0.75, 0.0]), np.array([uniform])).tolist() == [arm]


def play(kind: str, means: list[float], hours: int, seed: int, then: list[float] | None = None) -> np.ndarray:
    """Arms chosen in one regime; after half of the hours the means are `then`."""
    random, settings = np.random.default_rng(seed), config(kind, discount=0.98, epsilon=0.05)
    stats, arms = new_bandit(1, len(means)), []
    for hour in range(hours):
        now = np.array((then if then and hour >= hours // 2 else means) + [0.0])
        arm, _ = choose(stats, 0, seed, hour, np.ones(len(now), np.bool_), settings)
        update(stats, 0, arm, float(now[arm] + random.normal(0, 0.5 * STD)), settings.discount)
        arms.append(arm)
    return np.array(arms)


def share(arms: np.ndarray, arm: int) -> float:
    return float((arms == arm).mean())


@pytest.mark.parametrize(("kind", "flat_min"), [("thompson", 0.6), ("ucb_tuned", 0.4)])
def test_finds_a_planted_best_arm_and_flat_where_all_lose(kind: str, flat_min: float) -> None:
    """A discount of 0.98 remembers 50 hours in all: what has lost is looked at again, by the confidence bound more often."""
    good = np.concatenate([play(kind, [-STD, 0.0, 2 * STD, -STD], 500, seed)[250:] for seed in range(4)])
    assert share(good, 2) > 0.75
    bad = np.concatenate([play(kind, [-STD, -2 * STD, -2 * STD, -3 * STD], 600, seed)[300:] for seed in range(4)])
    assert share(bad, 4) == max(share(bad, a) for a in range(5))
    assert share(bad, 4) > flat_min


def test_discounted_ucb_prefers_the_planted_best_arm_too() -> None:
    """Its bound is wide by construction, so it explores more."""
    arms = np.concatenate([play("ucb_discounted", [-STD, 0.0, 4 * STD, -STD], 800, seed)[400:] for seed in range(4)])
    assert share(arms, 2) == max(share(arms, a) for a in range(5))
    assert share(arms, 2) > 0.4


@pytest.mark.parametrize("kind", ("thompson", "ucb_tuned"))
def test_recovers_after_a_switch(kind: str) -> None:
    arms = np.concatenate([play(kind, [2 * STD, -STD, -STD], 1000, seed, then=[-STD, -STD, 2 * STD])[750:] for seed in range(4)])
    assert share(arms, 2) > 0.7
    assert share(arms, 0) < 0.1


def test_regimes_learn_apart_and_all_forget_together() -> None:
    stats = new_bandit(3, 2)
    update(stats, 1, 0, 0.01, 0.5)
    assert not stats[[0, 2]].any()
    assert stats[1, 0].tolist() == [1.0, 0.01, 0.0]
    update(stats, 2, 1, 0.02, 0.5)
    assert stats[1, 0].tolist() == [0.5, 0.01, 0.0]
    update(stats, 1, 0, 0.04, 1.0)
    assert stats[1, 0] == pytest.approx([1.5, 0.03, 0.5 * 0.02**2 + 0.01**2])  # weights 0.5 and 1: the mean 0.03
    update(stats, 1, 2, 0.5, 1.0)
    assert stats[1, 2].tolist() == [1.0, 0.0, 0.0]  # flat earns nothing


def test_an_hour_of_many_symbols_is_one_piece_of_evidence() -> None:
    many, one = new_bandit(2, 2), new_bandit(2, 2)
    regimes, arms = np.array([0, 0, 0, 1]), np.array([1, 1, 0, 2])
    update_hour(many, regimes, arms, np.array([0.01, 0.03, -0.01, 0.0]), 0.9)
    for regime, arm, reward in ((0, 1, 0.02), (0, 0, -0.01), (1, 2, 0.0)):
        update(one, regime, arm, reward, 1.0)
    np.testing.assert_allclose(many, one, atol=1e-18)


@pytest.mark.parametrize("reward", [np.nan, np.inf])
def test_a_reward_that_is_no_number_is_a_bug(reward: float) -> None:
    with pytest.raises(AssertionError, match="must be a number"):
        update(new_bandit(1, 2), 0, 0, reward, 0.9)
