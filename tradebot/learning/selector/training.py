"""One training of a meta-selector: split by time, fit, prove that what serves answers as what was fitted, and measure it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.learning.selector.evaluation import SelectorMetrics, evaluate_selector
from tradebot.learning.selector.forest import fit
from tradebot.learning.splits import time_split
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import Evaluator, Forest
from tradebot.serving.manifest import Span, SymbolData

KIND: Final = "meta_selector"
LABEL: Final = "best_net_strategy_next_hour"
_PARITY_MAX: Final = 1e-12


@dataclass(frozen=True, slots=True)
class TrainedSelector:
    """A forest over strategies and flat, and everything that its manifest will say."""

    forest: Forest
    config: SelectorConfig
    features: tuple[str, ...]
    classes: tuple[str, ...]
    label_parameters: dict[str, float]
    data: dict[str, SymbolData]
    train: Span
    test: Span
    metrics: SelectorMetrics
    kind: str = KIND
    label: str = LABEL

    @property
    def artefact(self) -> ForestArtefact:
        return ForestArtefact(self.forest)


def train_selector(
    dataset: SelectorDataset,
    config: SelectorConfig,
    label_parameters: dict[str, float] | None = None,
    progress: Callable[[str], None] | None = None,
) -> TrainedSelector:
    """Train on the past of the dataset and measure on its end.

    `label_parameters` is what the manifest says of how the P&L was counted (cost, position rule). Raises OperatorFault for too little data,
    one class only and a number that is not finite.
    """
    split = time_split(dataset.minute_ns, dataset.end_ns, dataset.session_of, config.test_fraction, config.embargo_sessions)
    rows, label, classes = dataset.rows[split.train], dataset.label[split.train], dataset.classes
    _refuse(rows, label, dataset, config)
    if progress is not None:
        held_out = f"{int(split.test.sum())} rows held out"
        progress(f"{KIND}: {config.trees} trees over {len(classes)} classes on {len(rows)} rows, {held_out}, label {LABEL}")
    forest, reference = fit(rows, label, len(classes), config)
    test_rows = dataset.rows[split.test]
    served = Evaluator(forest)(test_rows)
    worst = float(np.abs(served - reference(test_rows)).max())
    assert worst <= _PARITY_MAX, f"the served forest differs from the trained one by {worst}"
    return TrainedSelector(
        forest=forest,
        config=config,
        features=dataset.features,
        classes=classes,
        label_parameters=dict(label_parameters or {}),
        data=dataset.data,
        train=_span(dataset.minute_ns[split.train]),
        test=_span(dataset.minute_ns[split.test]),
        metrics=evaluate_selector(dataset.label[split.test], dataset.net[split.test], served, label, dataset.net[split.train], classes),
    )


def _refuse(rows: Float, label: Int, dataset: SelectorDataset, config: SelectorConfig) -> None:
    """Raise on what no selector can be learned from. A constant feature is allowed: some don't change from hour to hour."""
    if len(rows) < config.rows_min:
        raise OperatorFault(f"{len(rows)} hours are too few to train a selector on: {config.rows_min} are needed (rows_min)")
    if not (np.isfinite(rows).all() and np.isfinite(dataset.net).all()):
        raise OperatorFault("a feature or a strategy's P&L is not finite")
    if label.min() == label.max():
        only = dataset.classes[int(label[0])]
        raise OperatorFault(f"{only} was best in all {len(rows)} training hours: there is nothing to select")


def _span(minute_ns: Int) -> Span:
    return Span(int(minute_ns[0]), int(minute_ns[-1]), len(minute_ns))
