"""Out-of-sample figures of a forecast over classes, beside always saying the training majority, or the training shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Float

_TINY = 1e-15


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """Figures on `rows` test rows. The Brier score is the sum over classes, from 0 to 2. `recall` of a class that never came is None."""

    rows: int
    shares: dict[str, float]
    accuracy: float
    brier: float
    log_loss: float
    recall: dict[str, float | None]
    no_skill_accuracy: float
    no_skill_brier: float
    no_skill_log_loss: float


def evaluate_classes(label: Float, probability: Float, train_label: Float, classes: tuple[str, ...]) -> ClassMetrics:
    """Metrics of `probability` (N, C) for the classes `label` (N,), N > 0."""
    truth = label.astype(np.int64)
    learned = np.bincount(train_label.astype(np.int64), minlength=len(classes)) / len(train_label)
    constant = np.broadcast_to(learned, probability.shape)
    right = probability.argmax(axis=1) == truth
    came = {name: truth == i for i, name in enumerate(classes)}
    return ClassMetrics(
        rows=len(truth),
        shares={name: float(rows.mean()) for name, rows in came.items()},
        accuracy=float(right.mean()),
        brier=_brier(truth, probability),
        log_loss=_log_loss(truth, probability),
        recall={name: float(right[rows].mean()) if rows.any() else None for name, rows in came.items()},
        no_skill_accuracy=float((truth == int(learned.argmax())).mean()),
        no_skill_brier=_brier(truth, constant),
        no_skill_log_loss=_log_loss(truth, constant),
    )


def _brier(truth: np.ndarray, probability: Float) -> float:
    came = np.eye(probability.shape[1])[truth]
    return float(np.mean(np.sum((probability - came) ** 2, axis=1)))


def _log_loss(truth: np.ndarray, probability: Float) -> float:
    return float(-np.mean(np.log(np.clip(probability[np.arange(len(truth)), truth], _TINY, 1.0))))
