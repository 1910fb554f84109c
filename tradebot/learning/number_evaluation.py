"""Out-of-sample figures of positions, and of the numbers that they squash, beside what no skill at all would score.

No skill is the training mean as every row's forecast, no position, and a full long position in every row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.conformal import Coverage


@dataclass(frozen=True, slots=True)
class NumberMetrics:
    """Figures on `rows` test rows. Net figures are a row's mean, in the target's units after `cost` for each unit of position.

    They are None where the target is no move that a position could earn. `r2` is against the training mean, and, with `rmse`, None of a
    model that forecasts positions and no number. `rank_correlation` is None where all forecasts or all truths are equal.
    """

    rows: int
    target_mean: float
    target_std: float
    train_mean: float
    rank_correlation: float | None
    same_sign: float  # share of rows, of those that did move
    no_skill_same_sign: float  # of always saying the training mean's sign
    rmse: float | None
    r2: float | None
    no_skill_rmse: float
    position_mean_size: float
    net_per_row: float | None
    net_always_long: float | None
    conformal: Coverage | None


def evaluate_numbers(
    target: Float, position: Float, number: Float | None, train_mean: float, cost: Float | None, conformal: Coverage | None = None
) -> NumberMetrics:
    """Metrics of `position` (N,) in [-1, 1] and of the `number` (N,) behind it, for `target` (N,), N > 0."""
    moved = target != 0.0
    no_skill = float(np.sqrt(np.mean((target - train_mean) ** 2)))
    rmse = None if number is None else float(np.sqrt(np.mean((target - number) ** 2)))
    return NumberMetrics(
        rows=len(target),
        target_mean=float(target.mean()),
        target_std=float(target.std()),
        train_mean=train_mean,
        rank_correlation=rank_correlation(target, position if number is None else number),
        same_sign=float((np.sign(position) == np.sign(target))[moved].mean()) if moved.any() else 0.0,
        no_skill_same_sign=float((np.sign(train_mean) == np.sign(target))[moved].mean()) if moved.any() else 0.0,
        rmse=rmse,
        r2=None if rmse is None or no_skill == 0.0 else 1.0 - (rmse / no_skill) ** 2,
        no_skill_rmse=no_skill,
        position_mean_size=float(np.abs(position).mean()),
        net_per_row=None if cost is None else float(np.mean(position * target - np.abs(position) * cost)),
        net_always_long=None if cost is None else float(np.mean(target - cost)),
        conformal=conformal,
    )


def rank_correlation(a: Float, b: Float) -> float | None:
    """Spearman's: the correlation of mean ranks."""
    first, second = _mean_rank(a), _mean_rank(b)
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _mean_rank(values: Float) -> Float:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank: Float = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return rank
