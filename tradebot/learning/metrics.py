"""The figures of a fitted model on the rows held out, by what its label is."""

from __future__ import annotations

from tradebot.core.domain.bars import Float
from tradebot.learning.class_evaluation import ClassMetrics, evaluate_classes
from tradebot.learning.config import TrainingConfig
from tradebot.learning.conformal import number_coverage, probability_coverage
from tradebot.learning.dataset import Dataset
from tradebot.learning.evaluation import Metrics, evaluate
from tradebot.learning.kinds import MOVES
from tradebot.learning.number_evaluation import NumberMetrics, evaluate_numbers
from tradebot.learning.trainers.trainer import Fitted, Rows

AnyMetrics = Metrics | NumberMetrics | ClassMetrics


def measure(fitted: Fitted, served: Float, train: Rows, test: Rows, dataset: Dataset, config: TrainingConfig) -> AnyMetrics:
    """Of the answers `served` for the rows of `test`; baselines know `train` and nothing later."""
    assert test.end_ns is not None, "a truth counts from when it was known"
    if dataset.answer == "classes":
        return evaluate_classes(test.target, served, train.target, dataset.classes)
    if dataset.answer == "probability":
        coverage = probability_coverage(test.target, served, test.end_ns, test.minute_ns)
        return evaluate(test.target, served, float(train.target.mean()), config.confidence_min, coverage)
    number = None if fitted.numbers is None or config.kind == "dollar_profit" else fitted.numbers(test.values)
    coverage = None if number is None else number_coverage(test.target, number, test.end_ns, test.minute_ns)
    cost = test.cost if dataset.label_name in MOVES else None
    return evaluate_numbers(test.target, served, number, float(train.target.mean()), cost, coverage)
