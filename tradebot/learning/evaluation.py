"""Out-of-sample figures of a probability forecast, beside what no skill at all would score.

The no-skill baselines: always the training majority (accuracy), and the training base rate as every row's probability (Brier score, log
loss; its ROC-AUC is 0.5 and its precision is the base rate).

The Brier score in parts (Murphy 1973), over ten bins of about as many rows each:

    reliability   mean (mean forecast - share of yes)^2 of the bins: how far what is said is from what comes; 0 is calibrated
    resolution    mean (share of yes - base rate)^2: how far the bins differ in what comes; more is better
    uncertainty   base rate * (1 - base rate): what the rows are, whatever is said
    within        what forecasts that differ within a bin add (Stephenson, Coelho and Jolliffe 2008)

    brier = reliability - resolution + uncertainty + within
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.conformal import Coverage

_TINY = 1e-15
_BINS = 10


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Calling rows positive from `threshold` on. Precision is None when nothing was called, recall when there was nothing to find."""

    threshold: float
    called: int
    accuracy: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows whose forecast lies in one bin: what was said of them on average, and what share was yes."""

    rows: int
    forecast: float
    share: float


@dataclass(frozen=True, slots=True)
class Reliability:
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    table: tuple[ReliabilityBin, ...]


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
    reliability: Reliability
    conformal: Coverage | None = None


def evaluate(label: Float, probability: Float, train_base_rate: float, confidence_min: float, conformal: Coverage | None = None) -> Metrics:
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
        reliability=reliability(truth, probability),
        conformal=conformal,
    )


def reliability(truth: Float, probability: Float) -> Reliability:
    """The Brier score in parts. Equal forecasts are never in two bins; ten or fewer different ones have a bin each."""
    distinct = np.unique(probability)
    edges = distinct[:-1] if len(distinct) <= _BINS else np.unique(np.quantile(probability, np.arange(1, _BINS) / _BINS))
    place = np.searchsorted(edges, probability, side="left")
    rows = np.bincount(place, minlength=len(edges) + 1)
    held = rows > 0
    count = rows[held].astype(np.float64)
    said = np.bincount(place, probability, minlength=len(rows))[held] / count
    came = np.bincount(place, truth, minlength=len(rows))[held] / count
    base, share = float(truth.mean()), count / count.sum()
    off = float(share @ (said - came) ** 2)
    apart = float(share @ (came - base) ** 2)
    uncertainty = base * (1.0 - base)
    table = tuple(ReliabilityBin(int(n), float(f), float(s)) for n, f, s in zip(count, said, came, strict=True))
    return Reliability(off, apart, uncertainty, _brier(truth, probability) - off + apart - uncertainty, table)


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
