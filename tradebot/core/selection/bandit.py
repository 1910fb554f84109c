"""Discounted bandits, one per regime: which strategy trades the next hour, learned from what the chosen ones earned.

Arms 0..K-1 are strategies, arm K is "flat", which earns 0 and is known to. An arm's memory is (n, mean, m2): the discounted number of
rewards, their mean and their summed squared deviations. Each update multiplies every n and m2 of every regime by `discount` first, so an
arm that is not tried returns to ignorance, and a market that changes is forgotten. Rewards are net P&L fractions; `reward_std` is what an
hour's usually is.

Thompson (1933): an arm's mean is believed to be Normal(m, s^2 / (1 + n)), with one imagined reward of 0 and a plug-in variance held to
the prior by PRIOR_REWARDS imagined deviations:

    m = n * mean / (1 + n)          s^2 = (PRIOR_REWARDS * reward_std^2 + m2 + mean^2 * n / (1 + n)) / (PRIOR_REWARDS + n)

Its propensity is P(the arm is the best), integrated numerically; drawing the arm with that chance *is* Thompson sampling, and what is
logged is exactly what was drawn from.

UCB1-tuned (Auer, Cesa-Bianchi, Fischer 2002) and discounted UCB (Garivier, Moulines 2008), on rewards x / B + 1/2 with B = 4 reward_std:

    tuned       mean / B + sqrt(ln n_all / n * min(1/4, m2 / (n B^2) + sqrt(2 ln n_all / n)))
    discounted  mean / B + 2 sqrt(XI ln n_all / n)

The highest index is chosen, an arm never tried first, flat at index 0; the first among equals.

Exploration floor: with chance `epsilon` the arm is drawn evenly from all that are allowed, so none starves; propensities include it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.selection.config import BanditConfig

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

COUNT, MEAN, SQUARES = 0, 1, 2
ARM_WIDTH: Final = 3
PRIOR_REWARDS: Final = 4.0
XI: Final = 0.5
_UNTRIED: Final = 1e-6  # so small a discounted count is none
_REACH: Final = 8  # standard deviations at which a belief is over
_ROOT, _WEIGHT = np.polynomial.legendre.leggauss(8)


def new_bandit(regimes: int, strategies: int) -> Float:
    """Memory that knows nothing: (R, K + 1, ARM_WIDTH)."""
    return np.zeros((regimes, strategies + 1, ARM_WIDTH))


def choose(stats: Float, regime: int, seed: int, decision: int, allowed: Bool, config: BanditConfig) -> tuple[int, Float]:
    """(arm, propensities (A,)) in a regime. The same memory, seed and decision number always choose the same arm.

    `allowed` (A,) masks arms; flat is always allowed.
    """
    chances = propensities(stats, regime, allowed, config)
    return int(draw(chances, uniforms(seed, decision, 1))[0]), chances


def uniforms(seed: int, decision: int, count: int) -> Float:
    """Uniform draws in [0, 1) that belong to a decision: a pure function of (seed, decision), independent between decisions."""
    stream = np.random.Generator(np.random.Philox(key=np.array([seed, decision], np.uint64)))
    return np.asarray(stream.random(count))


def draw(chances: Float, draws: Float) -> Int:
    """The arm in whose share of [0, 1) each draw (M,) falls, (M,)."""
    edges = np.cumsum(chances)
    last = np.flatnonzero(chances)[-1]
    arms: Int = np.minimum(np.searchsorted(edges, draws * edges[-1], side="right"), last)
    return arms


def propensities(stats: Float, regime: int, allowed: Bool, config: BanditConfig) -> Float:
    """The chance of each arm (A,) to be chosen; they sum to 1."""
    assert stats.shape[1] == len(allowed), "one flag for each arm"
    mask = allowed.copy()
    mask[-1] = True
    arms = stats[regime]
    if config.kind == "thompson":
        chances = _thompson(arms, mask, config.reward_std)
    else:
        chances = np.zeros(len(mask))
        chances[_highest(_indices(arms, mask, config), mask)] = 1.0
    mixed: Float = (1.0 - config.epsilon) * chances + config.epsilon * mask / mask.sum()
    return mixed


def update(stats: Float, regime: int, arm: int, reward: float, discount: float) -> None:
    """One reward, after every memory has faded by `discount`. In place."""
    fade(stats, discount)
    learn(stats, regime, arm, reward)


def update_hour(stats: Float, regimes: Int, arms: Int, rewards: Float, discount: float) -> None:
    """One hour of many symbols, (M,) each. In place.

    Symbols move together, so an hour is one piece of evidence, not M: an arm learns the mean of its rewards in a regime, once.
    """
    fade(stats, discount)
    width = stats.shape[1]
    pairs = regimes * width + arms
    for pair in np.unique(pairs):
        learn(stats, int(pair) // width, int(pair) % width, float(rewards[pairs == pair].mean()))


def fade(stats: Float, discount: float) -> None:
    """Forget a little, everywhere."""
    stats[..., COUNT] *= discount
    stats[..., SQUARES] *= discount


def learn(stats: Float, regime: int, arm: int, reward: float) -> None:
    """Add one reward of weight 1. Flat's is 0 whatever is said of it."""
    assert math.isfinite(reward), f"a reward must be a number, not {reward}"
    memory = stats[regime, arm]
    reward = 0.0 if arm == stats.shape[1] - 1 else reward
    memory[COUNT] += 1.0
    off = reward - memory[MEAN]
    memory[MEAN] += off / memory[COUNT]
    memory[SQUARES] += off * (reward - memory[MEAN])


def beliefs(arms: Float, reward_std: float) -> tuple[Float, Float]:
    """Mean and standard deviation (A - 1,) of what is believed of each strategy's mean reward."""
    n, mean, squares = arms[:-1, COUNT], arms[:-1, MEAN], arms[:-1, SQUARES]
    shrink = n / (1.0 + n)
    spread = (PRIOR_REWARDS * reward_std**2 + squares + mean * mean * shrink) / (PRIOR_REWARDS + n)
    return shrink * mean, np.sqrt(spread / (1.0 + n))


def _thompson(arms: Float, mask: Bool, reward_std: float) -> Float:
    """P(best) of each allowed arm against the others and against flat's certain 0."""
    mean, std = beliefs(arms, reward_std)
    inside = np.flatnonzero(mask[:-1])
    chances = np.zeros(len(mask))
    knots = mean[inside, None] + std[inside, None] * np.arange(-_REACH, _REACH + 1)
    edges = np.unique(np.concatenate([knots.ravel(), [0.0]]))
    best = _chance_best(mean[inside], std[inside], edges[edges >= 0.0], _ROOT, _WEIGHT)
    chances[inside], chances[-1] = best[:-1], best[-1]
    total = chances.sum()
    assert abs(total - 1.0) < 1e-6, f"chances of being the best sum to {total}"
    chances /= total
    return chances


@njit(cache=True, error_model="numpy")
def _chance_best(mean, std, edges, root, weight):  # type: ignore[no-untyped-def]
    """Integral over x > 0 of pdf_a(x) * product of cdf_b(x), b != a, by Gauss-Legendre between `edges`; last: the product of cdf(0)."""
    count = len(mean)
    chance = np.zeros(count + 1)
    below = np.empty(count)
    for e in range(len(edges) - 1):
        half = 0.5 * (edges[e + 1] - edges[e])
        for i in range(len(root)):
            x = edges[e] + half * (1.0 + root[i])
            for b in range(count):
                below[b] = 0.5 * math.erfc((mean[b] - x) / (std[b] * math.sqrt(2.0)))
            for a in range(count):
                z = (x - mean[a]) / std[a]
                term = math.exp(-0.5 * z * z) / (std[a] * math.sqrt(2.0 * math.pi)) * weight[i] * half
                for b in range(count):
                    if b != a:
                        term *= below[b]
                chance[a] += term
    chance[count] = 1.0
    for b in range(count):
        chance[count] *= 0.5 * math.erfc(mean[b] / (std[b] * math.sqrt(2.0)))
    return chance


def _indices(arms: Float, mask: Bool, config: BanditConfig) -> Float:
    """Upper confidence bounds (A,) in units of B, flat's 0."""
    bound = 4.0 * config.reward_std
    n = arms[:, COUNT]
    tried = n > _UNTRIED
    n_safe = np.where(tried, n, 1.0)
    ratio = math.log(max(float(n[mask].sum()), 1.0)) / n_safe
    if config.kind == "ucb_tuned":
        spread = arms[:, SQUARES] / (n_safe * bound * bound) + np.sqrt(2.0 * ratio)
        bonus = np.sqrt(ratio * np.minimum(0.25, spread))
    else:
        bonus = 2.0 * np.sqrt(XI * ratio)
    indices = np.where(tried, arms[:, MEAN] / bound + bonus, np.inf)
    indices[-1] = 0.0
    return indices


def _highest(indices: Float, mask: Bool) -> int:
    return int(np.argmax(np.where(mask, indices, -np.inf)))
