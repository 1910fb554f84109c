"""Baum-Welch: the parameters of a Gaussian hidden Markov model by expectation and maximisation, over sequences that don't touch each other.

Each round computes the expected states by the scaled forward and backward recursions and then the parameters that maximise the expected
log likelihood; probabilities and deviations are kept above a floor by the exact solution of that bounded problem, so the likelihood never
falls. It climbs from two starts (clusters of the observations, and quantiles of their local size) and keeps the better.

Source: Baum et al. (1970); Rabiner (1989), section III C, V A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.regime.hmm import Hmm

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

STATE_LABELS: Final = {2: ("low", "high"), 3: ("low", "normal", "high")}
_PROBABILITY_MIN: Final = 1e-6
_STD_MIN: Final = 0.02  # of the column's own standard deviation: a state on one repeated value would have an infinite likelihood
_STAY: Final = 0.95  # probability of staying, to start from
_LOCAL_BARS: Final = 15
_LOG_2PI: Final = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class HmmFit:
    """The model, and the log likelihood of the standardised observations after each round (never falling)."""

    hmm: Hmm
    log_likelihood: tuple[float, ...]
    observations: int


@dataclass(frozen=True, slots=True)
class _Parameters:
    start: Float  # (S,)
    transition: Float  # (S, S)
    mean: Float  # (S, D)
    std: Float  # (S, D)


def fit_hmm(
    sequences: Sequence[Float], inputs: tuple[str, ...], states: int, seed: int, rounds_max: int = 200, gain_min: float = 1e-6
) -> HmmFit:
    """Fit S states to sequences (T_i, D) of finite numbers. States come out in order of the deviation of the first column.

    Stops when a round gains less than `gain_min` per observation. Raises OperatorFault for too few observations and a constant column.
    """
    x = np.concatenate(sequences) if sequences else np.empty((0, len(inputs)))
    edges = np.cumsum([0, *(len(s) for s in sequences if len(s))])
    if len(x) < 20 * states:
        raise OperatorFault(f"{len(x)} bars are too few for a hidden Markov model of {states} states")
    centre, spread = x.mean(axis=0), x.std(axis=0)
    constant = np.flatnonzero(spread <= 1e-12 * np.maximum(1e-300, np.abs(centre)))
    if len(constant):
        raise OperatorFault(f"feature {inputs[constant[0]]} is constant: there are no states to be found in it")
    z = (x - centre) / spread
    climbs = [_climb(z, edges, _from_states(z, guess, states), rounds_max, gain_min) for guess in _guesses(z, states, seed)]
    best, likelihood = max(climbs, key=lambda climb: climb[1][-1])
    order = np.argsort(best.std[:, 0], kind="stable")
    hmm = Hmm(
        inputs,
        STATE_LABELS[states],
        best.start[order],
        np.ascontiguousarray(best.transition[np.ix_(order, order)]),
        centre + spread * best.mean[order],
        spread * best.std[order],
    )
    return HmmFit(hmm, tuple(likelihood), len(x))


def _guesses(z: Float, states: int, seed: int) -> list[Int]:
    """A state for each observation, twice: the nearest of S means, and the quantile of the size of the observations around it."""
    from sklearn.cluster import KMeans

    nearest = KMeans(states, n_init=3, random_state=seed).fit(z[:: max(1, len(z) // 20_000)]).predict(z)
    size = np.convolve((z * z).sum(axis=1), np.ones(_LOCAL_BARS) / _LOCAL_BARS, mode="same")
    cuts = np.quantile(size, np.arange(1, states) / states)
    return [nearest.astype(np.int64), np.searchsorted(cuts, size).astype(np.int64)]


def _from_states(z: Float, state: Int, states: int) -> _Parameters:
    """Parameters to start from: moments of the observations that were put into each state."""
    mean, std = np.zeros((states, z.shape[1])), np.ones((states, z.shape[1]))
    for s in range(states):
        if (state == s).sum() > 1:
            mean[s], std[s] = z[state == s].mean(axis=0), np.maximum(z[state == s].std(axis=0), _STD_MIN)
    transition = np.full((states, states), (1.0 - _STAY) / (states - 1))
    np.fill_diagonal(transition, _STAY)
    return _Parameters(np.full(states, 1.0 / states), transition, mean, std)


def _climb(z: Float, edges: Int, parameters: _Parameters, rounds_max: int, gain_min: float) -> tuple[_Parameters, list[float]]:
    """Rounds until one gains next to nothing; the likelihood of the parameters that each round began with, and of the last ones."""
    likelihood: list[float] = []
    states = len(parameters.start)
    for _ in range(rounds_max):
        posterior, pairs = np.empty((len(z), states)), np.zeros((states, states))
        likelihood.append(_expect(_log_density(z, parameters), parameters.start, parameters.transition, edges, posterior, pairs))
        if len(likelihood) > 1 and likelihood[-1] - likelihood[-2] < gain_min * len(z):
            break
        parameters = _maximise(z, edges, posterior, pairs)
    else:
        posterior, pairs = np.empty((len(z), states)), np.zeros((states, states))
        likelihood.append(_expect(_log_density(z, parameters), parameters.start, parameters.transition, edges, posterior, pairs))
    return parameters, likelihood


def _log_density(z: Float, parameters: _Parameters) -> Float:
    """(T, S)"""
    away = (z[:, None, :] - parameters.mean) / parameters.std
    return np.asarray(-0.5 * (away * away + _LOG_2PI).sum(axis=-1) - np.log(parameters.std).sum(axis=-1))


def _maximise(z: Float, edges: Int, posterior: Float, pairs: Float) -> _Parameters:
    weight = np.maximum(posterior.sum(axis=0), 1e-12)[:, None]
    mean = posterior.T @ z / weight
    square = np.stack([posterior[:, s] @ (z - mean[s]) ** 2 for s in range(len(mean))]) / weight
    transition = np.stack([_bounded_shares(row) for row in pairs])
    return _Parameters(_bounded_shares(posterior[edges[:-1]].sum(axis=0)), transition, mean, np.maximum(np.sqrt(square), _STD_MIN))


def _bounded_shares(counts: Float) -> Float:
    """The probabilities p >= _PROBABILITY_MIN that maximise sum counts log p: those below the floor are put on it, the rest keep their
    proportions."""
    low = np.zeros(len(counts), np.bool_)
    while True:
        free = counts[~low].sum()
        shares = np.where(low, _PROBABILITY_MIN, 0.0)
        shares[~low] = (1.0 - low.sum() * _PROBABILITY_MIN) * (counts[~low] / free if free > 0.0 else 1.0 / (~low).sum())
        below = ~low & (shares < _PROBABILITY_MIN)
        if not below.any():
            return shares
        low |= below


@njit(cache=True, error_model="numpy")
def _expect(log_density, start, transition, edges, posterior, pairs):  # type: ignore[no-untyped-def]
    """Fill the posterior (T, S) of each bar's state and the expected transitions (S, S); the log likelihood."""
    bars, states = log_density.shape
    density, scale = np.empty((bars, states)), np.empty(bars)
    likelihood = 0.0
    for q in range(len(edges) - 1):
        for t in range(edges[q], edges[q + 1]):
            largest = log_density[t].max()
            total = 0.0
            for j in range(states):
                density[t, j] = np.exp(log_density[t, j] - largest)
                predicted = start[j]
                if t > edges[q]:
                    predicted = 0.0
                    for i in range(states):
                        predicted += posterior[t - 1, i] * transition[i, j]
                posterior[t, j] = predicted * density[t, j]
                total += posterior[t, j]
            posterior[t] /= total
            scale[t] = total
            likelihood += np.log(total) + largest
        ahead, before = np.ones(states), np.empty(states)
        for t in range(edges[q + 1] - 2, edges[q] - 1, -1):
            for i in range(states):
                before[i] = 0.0
                for j in range(states):
                    step = transition[i, j] * density[t + 1, j] * ahead[j] / scale[t + 1]
                    before[i] += step
                    pairs[i, j] += posterior[t, i] * step
            ahead[:] = before
            for i in range(states):
                posterior[t, i] *= ahead[i]
    return likelihood
