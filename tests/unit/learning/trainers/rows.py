"""Made-up rows with a planted answer, for every trainer."""

from __future__ import annotations

import numpy as np

from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers.trainer import Fitted, Rows
from tradebot.learning.training import TRAINERS

FEATURES = 6
NS = 60_000_000_000


def planted(count: int, seed: int, answer: str = "probability") -> Rows:
    """Column 0 and the product of columns 1 and 2 decide, with noise; 100 rows a session, a label known five minutes later."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(count, FEATURES)) * [1.0, 1.0, 1.0, 1e-4, 1e6, 1.0] + [0.0, 0.0, 0.0, 0.0, 1e8, 0.0]
    move = 0.5 * values[:, 0] + 0.5 * values[:, 1] * values[:, 2] + random.normal(size=count)
    if answer == "number":
        target = move * 1e-3
    elif answer == "classes":
        target = np.digitize(move, [-0.7, 0.7]).astype(np.float64)
    else:
        target = (move > 0.3).astype(np.float64)
    order = np.arange(count)
    minute_ns = order * NS
    return Rows(
        values, target, np.ones(count), minute_ns, order // 100, np.zeros(count, np.int64),
        minute_ns + 5 * NS, np.full(count, 2e-4), 3 if answer == "classes" else 0,
    )  # fmt: skip


def fit(rows: Rows, config: TrainingConfig, watch: Rows | None = None) -> Fitted:
    return TRAINERS[config.kind](rows, rows.where(np.arange(0)) if watch is None else watch, config, lambda _: None)
