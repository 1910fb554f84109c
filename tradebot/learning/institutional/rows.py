"""The rows of an institutional training: which part each belongs to, and each specialist's own labels on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tradebot.core.domain.bars import Bool, MarketGrid
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset
from tradebot.learning.institutional.specialists import Specialist
from tradebot.learning.labels.catalogue import label_grid
from tradebot.learning.splits import time_split, watch_split


@dataclass(frozen=True, slots=True)
class Parts:
    """Masks (R,): what specialists learn from, what the meta-model learns from, what is held out; and when the second begins."""

    fit: Bool
    watch: Bool
    test: Bool
    watch_start_ns: int


def parts_of(rows: Dataset, config: TrainingConfig) -> Parts:
    """Purged between all three, and embargoed before the test. Raises OperatorFault when nothing is left to fit."""
    split = time_split(rows.minute_ns, rows.end_ns, rows.session_of, config.test_fraction, config.embargo_sessions)
    train = np.flatnonzero(split.train)
    first, later = watch_split(rows.minute_ns[train], rows.end_ns[train], rows.session_of[train], config.watch_fraction)
    fit, watch = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    fit[train[first]] = True
    watch[train[later]] = True
    return Parts(fit, watch, split.test, int(rows.minute_ns[watch].min()))


def specialist_rows(grid: MarketGrid, rows: Dataset, specialist: Specialist, config: TrainingConfig, cost: RoundTripCost) -> Dataset:
    """The same rows with the specialist's columns and label; the target is NaN where it has none."""
    labels = label_grid(grid, specialist.config(config), cost)
    at = np.searchsorted(grid.minute_ns, rows.minute_ns), rows.symbol_of
    return replace(
        rows,
        rows=np.ascontiguousarray(rows.rows[:, columns_of(rows, specialist)]),
        features=specialist.features,
        target=np.where(labels.valid[at], labels.target[at], np.nan),
        end_ns=labels.end_ns[at],
        label_name=labels.name,
        label_parameters=labels.parameters,
        answer=labels.answer,
        classes=labels.classes,
        net_long=labels.net_long[at],
        cost=labels.cost[at],
    )


def columns_of(rows: Dataset, specialist: Specialist) -> tuple[int, ...]:
    return tuple(rows.features.index(name) for name in specialist.features)


def learns_from(own: Dataset, parts: Parts, specialist: Specialist) -> Bool:
    """Rows of the first part whose label the specialist knew before the second began, in as many sessions as it looks back."""
    known = parts.fit & np.isfinite(own.target) & (own.end_ns <= parts.watch_start_ns)
    sessions = np.unique(own.session_of[known])
    if specialist.sessions_max and len(sessions) > specialist.sessions_max:
        known &= own.session_of >= sessions[-specialist.sessions_max]
    return known
