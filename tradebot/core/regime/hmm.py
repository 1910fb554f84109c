"""Gaussian hidden Markov model, filtered: what the bars so far say of the state now, never what later bars say of it.

    predicted_j = sum_i belief_i * transition_ij          (start_j at a symbol's first bar)
    belief_j    = predicted_j * density_j(x) / sum        density_j = product over d of N(x_d; mean_jd, std_jd)

A smoothed posterior would use the future. The density is scaled by the largest of the states, so nothing underflows; an observation that
is not finite leaves the belief as it was (a missing bar is no evidence) and has no label.

Source: Rabiner (1989), section III; Hamilton (1994), Time Series Analysis, 22.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.regime.detector import UNKNOWN, Labels

Float = npt.NDArray[np.float64]

_SQUARES_MAX: Final = 1e12  # a million standard deviations say no more than this
_ROW_SUM_ERROR_MAX: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Hmm:
    """Parameters of S states over D columns. States are in order of volatility; `labels` are their names.

    Raises ValueError when they are no model: shapes that differ, rows that are no probabilities, a probability or deviation not above 0.
    """

    inputs: tuple[str, ...]  # D columns
    labels: tuple[str, ...]  # S names
    start: Float  # (S,)
    transition: Float  # (S, S), from row to column
    mean: Float  # (S, D)
    std: Float  # (S, D)

    def __post_init__(self) -> None:
        states, columns = len(self.labels), len(self.inputs)
        shapes = {"start": (states,), "transition": (states, states), "mean": (states, columns), "std": (states, columns)}
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or not states or not columns:
                raise ValueError(f"{name} is {array.shape}, not {shape}")
            if not np.isfinite(array).all() or (name != "mean" and not (array > 0.0).all()):
                raise ValueError(f"{name} has a number that is not possible there")
        if max(abs(self.start.sum() - 1.0), np.abs(self.transition.sum(axis=1) - 1.0).max()) > _ROW_SUM_ERROR_MAX:
            raise ValueError("probabilities don't add up to 1")


def new_beliefs(symbols: int, hmm: Hmm) -> Float:
    """Beliefs of symbols that have seen nothing, (N, S) of zeros."""
    return np.zeros((symbols, len(hmm.labels)))


def step_beliefs(hmm: Hmm, beliefs: Float, observations: Float) -> Labels:
    """Move beliefs (N, S) on by one bar of observations (N, D), in place; the most probable state (N,), UNKNOWN without an observation."""
    labels = np.empty(len(beliefs), np.int8)
    _step(hmm.start, hmm.transition, hmm.mean, hmm.std, beliefs, observations, labels)
    return labels


def scan_beliefs(hmm: Hmm, beliefs: Float, observations: Float) -> tuple[Float, Labels]:
    """`step_beliefs` over T bars (T, N, D): the beliefs after each bar (T, N, S) and the labels (T, N). `beliefs` (N, S) moves on."""
    minutes, symbols = observations.shape[:2]
    out, labels = np.empty((minutes, symbols, len(hmm.labels))), np.empty((minutes, symbols), np.int8)
    _scan(hmm.start, hmm.transition, hmm.mean, hmm.std, beliefs, observations, out, labels)
    return out, labels


@njit(cache=True, error_model="numpy")
def _step_symbol(start, transition, mean, std, belief, x, density):  # type: ignore[no-untyped-def]
    states, columns = mean.shape
    for d in range(columns):
        if not math.isfinite(x[d]):
            return UNKNOWN
    largest = -np.inf
    for j in range(states):
        squares, scale = 0.0, 0.0
        for d in range(columns):
            z = (x[d] - mean[j, d]) / std[j, d]
            squares += z * z
            scale += math.log(std[j, d])
        density[j] = -0.5 * min(squares, _SQUARES_MAX) - scale
        largest = max(largest, density[j])
    fresh = belief.sum() == 0.0
    total = 0.0
    for j in range(states):
        predicted = start[j]
        if not fresh:
            predicted = 0.0
            for i in range(states):
                predicted += belief[i] * transition[i, j]
        density[j] = predicted * math.exp(density[j] - largest)
        total += density[j]
    best = 0
    for j in range(states):
        belief[j] = density[j] / total
        best = j if belief[j] > belief[best] else best
    return best


@njit(cache=True, error_model="numpy")
def _step(start, transition, mean, std, beliefs, observations, labels):  # type: ignore[no-untyped-def]
    density = np.empty(len(start))
    for n in range(len(beliefs)):
        labels[n] = _step_symbol(start, transition, mean, std, beliefs[n], observations[n], density)


@njit(cache=True, error_model="numpy")
def _scan(start, transition, mean, std, beliefs, observations, out, labels):  # type: ignore[no-untyped-def]
    for t in range(len(observations)):
        _step(start, transition, mean, std, beliefs, observations[t], labels[t])
        out[t] = beliefs
