"""How well a prediction orders what came of it, session by session, and how far luck alone would take it.

Everything is measured inside sessions, from ranks: what a model knows of a whole day (a wild one has more of everything) is no skill here,
and shuffling labels inside a session destroys all the rest. Under such a shuffle the statistic's mean and variance are exact, ties and
overlapping labels included (Hoeffding 1951, A combinatorial central limit theorem; van Elteren 1960 for strata).

    probability, classes    AUC: the share of pairs of a session, one of a class and one not, that the class's own column orders rightly;
                            0.5 by chance
    number, position        rank correlation (Spearman), 0 by chance

Sessions count by their pairs, or by the product of their ranks' spreads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tradebot.core.domain.bars import Float, Int

Answer = Literal["probability", "number", "classes"]
_CLASSES: Final = 2


@dataclass(frozen=True, slots=True)
class Skill:
    """`figure` over all sessions, its value by `chance`, its standard `error` under shuffles inside sessions, and each session's own.

    `by_session` (S,) follows the sorted numbers of the sessions and is NaN where one has nothing to order.
    """

    name: str
    figure: float
    chance: float
    error: float
    by_session: Float

    @property
    def excess(self) -> float:
        return self.figure - self.chance


def skill(prediction: Float, target: Float, session_of: Int, answer: Answer) -> Skill:
    """Of `prediction` (R,), or (R, C) over classes, for `target` (R,). Raises ValueError where no session has anything to order."""
    numbers = answer == "number"
    chance, name = (0.0, "rank correlation") if numbers else (0.5, "AUC")
    parts = np.array([_number(*s) if numbers else _classes(*s) for s in _sessions(prediction, target, session_of)]).reshape(-1, 3)
    gained, weight, variance = parts.T
    if not weight.sum() > 0.0:
        raise ValueError("no session has two different targets and two different predictions")
    with np.errstate(all="ignore"):
        by_session = chance + gained / weight
    return Skill(name, float(chance + gained.sum() / weight.sum()), chance, float(np.sqrt(variance.sum()) / weight.sum()), by_session)


def ranks(values: Float) -> Float:
    """Ranks from 1; equals share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2.0
    return np.asarray(middle[inverse.ravel()], np.float64)


def _sessions(prediction: Float, target: Float, session_of: Int) -> list[tuple[Float, Float]]:
    order = np.argsort(session_of, kind="stable")
    edges = np.flatnonzero(np.diff(session_of[order])) + 1
    return [(prediction[rows], target[rows]) for rows in np.split(order, edges)]


def _number(prediction: Float, target: Float) -> tuple[float, float, float]:
    """Covariance of ranks, the product of their spreads, and the variance of the first over shuffles."""
    a, b = ranks(prediction), ranks(target)
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b), spread, spread**2 / max(len(a) - 1, 1)


def _classes(prediction: Float, target: Float) -> tuple[float, float, float]:
    """Pairs ordered rightly beyond half of them, the number of pairs, and the variance of the first over shuffles."""
    columns = prediction[:, None] * np.array([-1.0, 1.0]) if prediction.ndim == 1 else prediction
    n, label = len(target), target.astype(np.int64)
    counts = np.bincount(label, minlength=columns.shape[1])
    there = np.flatnonzero((counts > 0) & (counts < n))
    if not len(there):
        return 0.0, 0.0, 0.0
    centred = np.zeros(columns.shape)
    for c in there:
        centred[:, c] = ranks(columns[:, c]) - (n + 1) / 2.0
    gained = float(centred[np.arange(n), label].sum())
    pairs = float((counts[there] * (n - counts[there])).sum())
    share = centred @ counts / n
    spread = float((counts * ((centred - share[:, None]) ** 2).sum(axis=0)).sum())
    return gained, pairs, spread / (n - 1)
