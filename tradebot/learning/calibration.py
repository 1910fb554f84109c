"""Calibration: a map from what a model says to how often it is right, fitted on rows that it has not learned from.

    isotonic      the monotone step function of least squares (Zadrozny and Elkan 2002), served as knots with straight lines between
    Venn-Abers    two isotonic fits, with the new row as a 0 and as a 1 (Vovk, Petej and Fedorova 2015, arXiv 1511.00213); of the two
                  probabilities p0 and p1 the one that both serve, p1 / (1 - p0 + p1)

For Venn-Abers a score is first rounded to its place among at most LEVELS quantiles of the fitted scores. It is valid for any score, so for
the rounded one too, and both fits of every place are tables then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.trainers.trainer import Fitted, Rows, proven
from tradebot.serving.artefacts.calibrated import CalibratedArtefact, Curve, calibrate

LEVELS: Final = 256
ROWS_MIN: Final = 50


def isotonic(score: Float, truth: Float, weight: Float) -> Curve:
    """Scores (N,), truths (N,) of 0 and 1, and weights (N,)."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, truth, weight)
    return Curve("lines", np.asarray(fitted.X_thresholds_, np.float64), np.asarray(fitted.y_thresholds_, np.float64))


def venn_abers(score: Float, truth: Float, weight: Float) -> Curve:
    """The same. A row's weight counts as that many rows; the new row weighs 1."""
    edges, low, high = venn_abers_pair(score, truth, weight)
    return Curve("steps", edges, high / (1.0 - low + high))


def venn_abers_pair(score: Float, truth: Float, weight: Float) -> tuple[Float, Float, Float]:
    """Edges (L - 1,) between the levels, and p0 and p1 (L,) of a new score at each: level i is what is above i edges."""
    from sklearn.isotonic import isotonic_regression

    ordered = np.unique(score)
    middle = ordered[:-1] + np.diff(ordered) / 2.0
    edges = middle if len(middle) < LEVELS else np.unique(np.quantile(score, np.arange(1, LEVELS) / LEVELS))
    level = np.searchsorted(edges, score, side="left")
    rows = np.bincount(level, weight, minlength=len(edges) + 1)
    yes = np.bincount(level, weight * truth, minlength=len(edges) + 1)
    pair = np.empty((2, len(rows)))
    for new in (0.0, 1.0):
        for i in range(len(rows)):
            count, hits = rows.copy(), yes.copy()
            count[i] += 1.0
            hits[i] += new
            held = count > 0.0
            fitted = isotonic_regression(hits[held] / count[held], sample_weight=count[held], y_min=0.0, y_max=1.0)
            pair[int(new), i] = fitted[int(held[:i].sum())]
    return edges, pair[0], pair[1]


CALIBRATIONS: Final[Mapping[str, Callable[[Float, Float, Float], Curve]]] = {"isotonic": isotonic, "venn_abers": venn_abers}


def calibrated(fitted: Fitted, held: Rows, method: str, say: Callable[[str], None]) -> Fitted:
    """`fitted` behind the map that `method` finds on `held`.

    Raises OperatorFault where there is nothing to calibrate, or too little to do it on.
    """
    if fitted.artefact.answer != "probability":
        raise OperatorFault(f"calibration is for probabilities of yes and no, and this model answers with a {fitted.artefact.answer}")
    if len(held) < ROWS_MIN or held.target.min() == held.target.max():
        seen = f"{len(held)} watched rows" if len(held) < ROWS_MIN else f"{len(held)} watched rows of one class"
        raise OperatorFault(f"{seen} are too little to calibrate on: more data or a larger watch_fraction is needed")
    curve = CALIBRATIONS[method](fitted.artefact.predictor()(held.values), held.target, held.weight)
    say(f"{method} calibration on {len(held)} rows: {len(curve.y)} values from {curve.y.min():.3f} to {curve.y.max():.3f}")
    inner = proven(fitted)  # a step of the curve between two answers that are equal but for rounding would tell them apart
    return Fitted(CalibratedArtefact(fitted.artefact, curve), lambda rows: calibrate(curve, inner(rows)), fitted.tolerance)
