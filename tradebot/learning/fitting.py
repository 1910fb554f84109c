"""One fit on the training rows: what is kept back to stop early and to calibrate on, and what can't be learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.calibration import calibrated
from tradebot.learning.config import TrainingConfig
from tradebot.learning.dataset import Dataset
from tradebot.learning.kinds import LEARNS, MOVES, WATCHERS
from tradebot.learning.splits import watch_split
from tradebot.learning.trainers.trainer import Fitted, Rows, Trainer


def fit_rows(trainer: Trainer, train: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """A model, calibrated where the config says so, on rows that neither its trees nor its early stopping have seen."""
    train, watch = split_watch(train, config)
    if config.calibration == "none":
        return trainer(train, watch, config, say)
    held = watch
    watch = watch.where(np.arange(0))
    if stops_early(config):
        watch, held = _split(held, 0.5)
    return calibrated(trainer(train, watch, config, say), held, config.calibration, say)


def split_watch(rows: Rows, config: TrainingConfig) -> tuple[Rows, Rows]:
    """(train, watch): the last `watch_fraction`, purged from what is before, where the training watches any; else an empty watch."""
    watches = stops_early(config) or config.calibration != "none"
    return _split(rows, config.watch_fraction) if watches and config.watch_fraction > 0 else (rows, rows.where(np.arange(0)))


def stops_early(config: TrainingConfig) -> bool:
    """Whether the training watches rows to know when to stop."""
    return config.early_stopping_rounds > 0 or not WATCHERS.isdisjoint({config.kind, *config.members})


def refuse(train: Rows, dataset: Dataset, config: TrainingConfig) -> None:
    """Raise OperatorFault on what no model can be learned from."""
    rows, label = train.values, train.target
    learns = LEARNS.get(config.kind, (dataset.answer,))
    if dataset.answer not in learns:
        wanted = " or ".join(learns)
        raise OperatorFault(f"a model of kind {config.kind} learns a {wanted}, and label {dataset.label_name} is a {dataset.answer}")
    if "dollar_profit" in (config.kind, *config.members) and dataset.label_name not in MOVES:
        raise OperatorFault(f"dollar_profit earns a move, and label {dataset.label_name} is none: use {' or '.join(sorted(MOVES))}")
    if len(rows) < config.rows_min:
        raise OperatorFault(f"{len(rows)} rows are too few to train on: {config.rows_min} are needed (rows_min)")
    if not np.isfinite(rows).all():
        column = int(np.argwhere(~np.isfinite(rows))[0, 1])
        raise OperatorFault(f"feature {dataset.features[column]} has a value that is not finite")
    if not np.isfinite(label).all():
        bad = int((~np.isfinite(label)).sum())
        raise OperatorFault(f"label {dataset.label_name} is not a finite number on {bad} of {len(rows)} training rows")
    constant = np.flatnonzero(rows.min(axis=0) == rows.max(axis=0))
    if len(constant):
        raise OperatorFault(
            f"feature {dataset.features[constant[0]]} is constant over {len(rows)} training rows: there is nothing to learn"
        )
    if label.min() == label.max():
        known = dataset.classes[int(label[0])] if dataset.classes else f"{label[0]:g}"
        all_of = f"label {dataset.label_name} is {known} on all {len(rows)} training rows"
        raise OperatorFault(f"{all_of}: more data is needed, or the denser label forward_15m_beats_cost")


def _split(rows: Rows, fraction: float) -> tuple[Rows, Rows]:
    assert rows.end_ns is not None, "rows are purged by when their labels were known"
    before, after = watch_split(rows.minute_ns, rows.end_ns, rows.session_of, fraction)
    return rows.where(before), rows.where(after)
