"""Adaptive conformal intervals: the share of truths inside stays at what was asked for, however the market drifts.

    score(t)    how strange the truth is: |y - forecast| of a number, 1 - p(truth) of a probability
    radius(t)   the 1 - alpha(t) quantile of the last scores that were known at t: the interval is forecast -/+ radius, the set of classes
                all with 1 - p(class) <= radius
    alpha(t+1)  = alpha(t) + gamma (alpha - 1 [score(t) > radius(t)])        when the truth of t becomes known

Gibbs and Candes 2021, arXiv 2106.00170. While truths are known at once, the share outside over T rows differs from alpha by at most
(max(alpha, 1 - alpha) + gamma) / (gamma T), whatever the data (their proposition 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.bars import Float, Int

ALPHA: Final = 0.1
GAMMA: Final = 0.005
WINDOW: Final = 1000  # scores that the quantile is taken of
KNOWN_MIN: Final = 50  # before, the interval is everything, and no row counts


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the intervals came to on `rows` rows. `width` is of a finite interval: 2 radii, or the number of classes in the set."""

    asked: float
    covered: float
    width: float
    rows: int


def adaptive_radius(
    score: Float, known_at: Int, now: Int, alpha: float = ALPHA, gamma: float = GAMMA, window: int = WINDOW, known_min: int = KNOWN_MIN
) -> Float:
    """(N,) radius of each row; infinite where everything is inside, negative where nothing is, NaN before `known_min` scores are known.

    `score` (N,), `now` (N,) when each row was forecast, rising, and `known_at` (N,) when its truth was known. A row uses what was known
    at its own instant, so nothing of the future.
    """
    radius = np.full(len(score), np.nan)
    _adaptive_radius(score, known_at, now, np.argsort(known_at, kind="stable"), alpha, gamma, window, known_min, radius)
    return radius


def number_coverage(truth: Float, forecast: Float, known_at: Int, now: Int) -> Coverage | None:
    """Of intervals around forecasts of a number; None where too few truths were known in time."""
    score = np.abs(truth - forecast)
    radius = adaptive_radius(score, known_at, now)
    return _coverage(score, radius, 2.0 * np.maximum(radius, 0.0))


def probability_coverage(truth: Float, probability: Float, known_at: Int, now: Int) -> Coverage | None:
    """Of sets of answers (no, yes) from a probability of yes; the width is how many answers the set holds."""
    score = np.where(truth > 0.0, 1.0 - probability, probability)
    radius = adaptive_radius(score, known_at, now)
    return _coverage(score, radius, (probability <= radius).astype(np.float64) + (1.0 - probability <= radius))


def _coverage(score: Float, radius: Float, width: Float) -> Coverage | None:
    counted: npt.NDArray[np.bool_] = ~np.isnan(radius)
    if not counted.any():
        return None
    finite = np.isfinite(width) & counted
    mean_width = float(width[finite].mean()) if finite.any() else float("inf")
    return Coverage(1.0 - ALPHA, float((score[counted] <= radius[counted]).mean()), mean_width, int(counted.sum()))


@njit(cache=True, error_model="numpy")
def _adaptive_radius(score, known_at, now, arrival, alpha, gamma, window, known_min, radius):  # type: ignore[no-untyped-def]
    level = alpha
    ordered = np.empty(window)  # the last scores, sorted
    recent = np.empty(window)  # the same in order of arrival, a ring
    count, oldest, known = 0, 0, 0
    for i in range(len(score)):
        while known < len(score) and known_at[arrival[known]] <= now[i] and arrival[known] < i:
            j = arrival[known]
            known += 1
            if not np.isnan(radius[j]):
                level += gamma * (alpha - (1.0 if score[j] > radius[j] else 0.0))
            if count == window:
                at = np.searchsorted(ordered[:count], recent[oldest])
                for k in range(at, count - 1):
                    ordered[k] = ordered[k + 1]
                count -= 1
            recent[oldest] = score[j]
            oldest = (oldest + 1) % window
            at = np.searchsorted(ordered[:count], score[j])
            for k in range(count, at, -1):
                ordered[k] = ordered[k - 1]
            ordered[at] = score[j]
            count += 1
        if known < known_min:
            continue
        rank = int(np.ceil((1.0 - level) * (count + 1)))  # the finite-sample quantile
        if level <= 0.0 or rank > count:
            radius[i] = np.inf
        elif level >= 1.0 or rank < 1:
            radius[i] = -1.0
        else:
            radius[i] = ordered[rank - 1]
