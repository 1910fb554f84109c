"""Out-of-sample figures of a probability forecast, beside what no skill at all would score.

The no-skill baselines: always the training majority (accuracy), and the training base rate as every row's probability (Brier score, log
loss; its ROC-AUC is 0.5 and its precision is the base rate).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Float

_TINY = 1e-15


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Calling rows positive from `threshold` on. Precision is None when nothing was called, recall when there was nothing to find."""

    threshold: float
    called: int
    accuracy: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures on `rows` test rows. `roc_auc` is None when the test rows have one class only."""

    rows: int
    base_rate: float
    train_base_rate: float
    at_half: AtThreshold
    at_confidence: AtThreshold
    roc_auc: float | None
    brier: float
    log_loss: float
    no_skill_accuracy: float
    no_skill_precision: float
    no_skill_roc_auc: float
    no_skill_brier: float
    no_skill_log_loss: float


def evaluate(label: Float, probability: Float, train_base_rate: float, confidence_min: float) -> Metrics:
    """Metrics of `probability` (N,) for `label` (N,), N > 0."""
    truth = np.asarray(label, np.float64)
    base_rate = float(truth.mean())
    constant = np.full(len(truth), train_base_rate)
    majority = float(train_base_rate > 0.5)
    return Metrics(
        rows=len(truth),
        base_rate=base_rate,
        train_base_rate=train_base_rate,
        at_half=_at(truth, probability, 0.5),
        at_confidence=_at(truth, probability, confidence_min),
        roc_auc=_roc_auc(truth, probability) if 0.0 < base_rate < 1.0 else None,
        brier=_brier(truth, probability),
        log_loss=_log_loss(truth, probability),
        no_skill_accuracy=float((truth == majority).mean()),
        no_skill_precision=base_rate,
        no_skill_roc_auc=0.5,
        no_skill_brier=_brier(truth, constant),
        no_skill_log_loss=_log_loss(truth, constant),
    )


def _at(truth: Float, probability: Float, threshold: float) -> AtThreshold:
    called = probability >= threshold
    hits = float(truth[called].sum())
    positives = float(truth.sum())
    return AtThreshold(
        threshold=threshold,
        called=int(called.sum()),
        accuracy=float((called == (truth > 0.0)).mean()),
        precision=hits / float(called.sum()) if called.any() else None,
        recall=hits / positives if positives else None,
    )


def _roc_auc(truth: Float, probability: Float) -> float:
    """Chance that a positive row ranks above a negative one, ties counting half (Mann-Whitney)."""
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2.0  # mean rank of each distinct value, from 1
    positives = truth.sum()
    above = rank[inverse][truth > 0.0].sum() - positives * (positives + 1) / 2.0
    return float(above / (positives * (len(truth) - positives)))


def _brier(truth: Float, probability: Float) -> float:
    return float(np.mean((probability - truth) ** 2))


def _log_loss(truth: Float, probability: Float) -> float:
    p = np.clip(probability, _TINY, 1.0 - _TINY)
    return float(-np.mean(truth * np.log(p) + (1.0 - truth) * np.log(1.0 - p)))
