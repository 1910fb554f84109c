"""Has a feature's distribution moved away from what the model learned from? A sketch of the one, and its distance to the other.

    PSI = sum over bins of (recent share - reference share) * ln(recent share / reference share)
    KS  = max |F_recent(x) - F_reference(x)|

PSI: ten bins between the reference's deciles and one on each side of its extremes; an empty bin counts as 1e-4. Source: Siddiqi, "Credit
Risk Scorecards" (2006); 0.1 is the customary limit of a shift worth a look, and the monitor's in SYSTEMS.md section 3. KS: the
Kolmogorov-Smirnov statistic at the sketch's points, at most one of its steps below the exact one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float

DRIFT_MAX: Final = 0.1
VALUES_MIN: Final = 100  # fewer say nothing about a distribution
_STEPS: Final = 100
_BINS: Final = 10
_EMPTY: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Sketch:
    """A distribution: `edges` (Q,), strictly rising, and `below` (Q,), the exact share of values <= each edge. Empty without values."""

    edges: Float
    below: Float


def sketch(values: Float) -> Sketch:
    """Of finite values (T,): each percentile that is a value of its own, and a point just under the smallest."""
    ordered = np.sort(values)
    if not len(ordered):
        return Sketch(np.empty(0), np.empty(0))
    at = np.minimum(np.arange(_STEPS + 1) * len(ordered) // _STEPS, len(ordered) - 1)
    edges = np.unique(np.concatenate([[np.nextafter(ordered[0], -np.inf)], ordered[at]]))
    return Sketch(edges, _below(ordered, edges))


def psi(reference: Sketch, recent: Float) -> float | None:
    """Population stability index of finite values (T,), None where either has too few."""
    if not len(reference.edges) or len(recent) < VALUES_MIN:
        return None
    deciles = np.searchsorted(reference.below, np.arange(1, _BINS) / _BINS)
    chosen = np.unique(np.concatenate([[0], deciles, [len(reference.edges) - 1]]))
    edges = reference.edges[chosen]
    expected = _shares(reference.below[chosen])
    found = _shares(_below(np.sort(recent), edges))
    return float(np.sum((found - expected) * np.log(found / expected)))


def ks(reference: Sketch, recent: Float) -> float | None:
    """Kolmogorov-Smirnov distance of finite values (T,), None where either has too few."""
    if not len(reference.edges) or len(recent) < VALUES_MIN:
        return None
    return float(np.abs(_below(np.sort(recent), reference.edges) - reference.below).max())


def _below(ordered: Float, edges: Float) -> Float:
    return np.asarray(np.searchsorted(ordered, edges, side="right") / len(ordered), np.float64)


def _shares(below: Float) -> Float:
    """Of the bins between edges and outside them, an empty one as a little."""
    return np.maximum(np.diff(below, prepend=0.0, append=1.0), _EMPTY)
