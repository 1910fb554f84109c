"""Out-of-sample figures of a meta-selector, beside what no skill at all would score.

No skill: always the most frequent training class (accuracy), and the training shares as every row's probabilities (log loss).

Money: the mean net P&L of an hour, as a fraction of the capital, had one followed the selector (its most probable class, or all by their
probabilities), each strategy alone, the best strategy of the training rows, flat, or an oracle that knew the hour. Each strategy's P&L is
that of its own hypothetical book: what a switch between two of them costs beyond their own trades is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Float, Int

_TINY = 1e-15


@dataclass(frozen=True, slots=True)
class SelectorMetrics:
    """Figures on `rows` test rows; `net_*` are means an hour, `net_selected_error` the standard error of that mean."""

    rows: int
    accuracy: float
    base_rate: float  # share of the most frequent test class
    no_skill_class: str  # the most frequent class in training
    no_skill_accuracy: float
    log_loss: float
    no_skill_log_loss: float
    train_shares: dict[str, float]
    test_shares: dict[str, float]
    selected_shares: dict[str, float]
    net_selected: float
    net_selected_error: float
    net_weighted: float
    net_strategies: dict[str, float]
    net_best_in_training: float
    net_oracle: float
    net_flat: float = 0.0


def evaluate_selector(
    label: Int, net: Float, probability: Float, train_label: Int, train_net: Float, classes: tuple[str, ...]
) -> SelectorMetrics:
    """Metrics of `probability` (R, K + 1) for `label` (R,) and `net` (R, K), R > 0, beside the training rows' labels and net P&L."""
    count = len(classes)
    with_flat = np.concatenate([net, np.zeros((len(net), 1))], axis=1)
    selected = np.argmax(probability, axis=1)
    rows = np.arange(len(label))
    earned = with_flat[rows, selected]
    shares = np.bincount(train_label, minlength=count) / len(train_label)
    usual = int(np.argmax(shares))
    train_mean = np.append(train_net.mean(axis=0), 0.0)
    return SelectorMetrics(
        rows=len(label),
        accuracy=float((selected == label).mean()),
        base_rate=float(np.bincount(label, minlength=count).max() / len(label)),
        no_skill_class=classes[usual],
        no_skill_accuracy=float((label == usual).mean()),
        log_loss=_log_loss(probability[rows, label]),
        no_skill_log_loss=_log_loss(shares[label]),
        train_shares=_named(shares, classes),
        test_shares=_named(np.bincount(label, minlength=count) / len(label), classes),
        selected_shares=_named(np.bincount(selected, minlength=count) / len(label), classes),
        net_selected=float(earned.mean()),
        net_selected_error=float(earned.std(ddof=1) / np.sqrt(len(earned))) if len(earned) > 1 else 0.0,
        net_weighted=float((probability * with_flat).sum(axis=1).mean()),
        net_strategies=_named(net.mean(axis=0), classes[:-1]),
        net_best_in_training=float(with_flat[:, int(np.argmax(train_mean))].mean()),
        net_oracle=float(with_flat.max(axis=1).mean()),
    )


def _log_loss(probability_of_truth: Float) -> float:
    return float(-np.log(np.maximum(probability_of_truth, _TINY)).mean())


def _named(values: Float, names: tuple[str, ...]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True)}
