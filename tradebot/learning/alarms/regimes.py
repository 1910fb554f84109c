"""Leak alarms of learned regimes: rows are minutes, targets the next hour's regime in the clusters of the training span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tradebot.core.domain.bars import Float, Int, MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.core.regime.detector import UNKNOWN
from tradebot.core.regime.learned import Clusters, cluster_labels
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.case import Case, Predict
from tradebot.learning.alarms.run import alarms_of
from tradebot.learning.alarms.truncation import future_shift, label_maturity
from tradebot.learning.regimes.clusters import fit_clusters
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.next_hour import fit_forest, next_regime
from tradebot.learning.splits import time_split
from tradebot.learning.trainers.trainer import Rows
from tradebot.serving.forest import Evaluator


@dataclass(frozen=True, slots=True)
class RegimeRows:
    """R rows that have a next hour; `target` by the clusters that were given, 0 without."""

    minute_ns: Int  # (R,)
    symbol_of: Int  # (R,)
    session_of: Int  # (R,)
    rows: Float  # (R, F)
    target: Float  # (R,)
    end_ns: Int  # (R,)
    features: tuple[str, ...]


def run_regime_alarms(
    grid: MarketGrid,
    config: RegimesConfig,
    *,
    predict: Predict | None = None,
    alarms: AlarmConfig | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Alarm, ...]:
    """Every alarm on the rows that `train_regimes(grid, config)` learns from. There is no net result: that alarm is not measured.

    Raises OperatorFault as `train_regimes` does where there is nothing to learn from.
    """
    limits = alarms or AlarmConfig()
    plain = regime_rows(grid, config, None)
    split = time_split(plain.minute_ns, plain.end_ns, plain.session_of, config.test_fraction, config.embargo_sessions)
    inputs = [config.features.index(name) for name in config.cluster_inputs]
    clusters = fit_clusters(plain.rows[split.train][:, inputs], config)
    data = regime_rows(grid, config, clusters)
    if say is not None:
        say(f"leak alarms on {len(data.target)} rows")
    small = replace(config, trees=min(config.trees, limits.trees_max), depth=min(config.depth, limits.depth_max))

    def learn(some: Rows) -> Predict:
        return Evaluator(fit_forest(some.values, some.target.astype(np.int8), small))

    def again(part: MarketGrid) -> tuple[RegimeRows, Float]:
        made = regime_rows(part, config, clusters)
        return made, made.target

    rows = Rows(data.rows, data.target, np.ones(len(data.target)), data.minute_ns, data.session_of, data.symbol_of)
    nothing = np.full(len(data.target), np.nan)
    case = Case(rows, data.end_ns, nothing, "classes", split.train, split.test, config.embargo_sessions, learn)
    return (
        future_shift(data, grid, lambda part: scan_features(part, config.features)[0], limits),
        label_maturity(data, data.target, grid, again, limits),
        *alarms_of(case, limits, predict),
    )


def regime_rows(grid: MarketGrid, config: RegimesConfig, clusters: Clusters | None) -> RegimeRows:
    """One row every `stride_min` minutes of a session that has its columns and a next hour, as `fit_regimes` chooses them."""
    values, ready = scan_features(grid, config.features)
    ready = ready & grid.present
    inputs = [config.features.index(name) for name in config.cluster_inputs]
    now = np.zeros(ready.shape, np.int8) if clusters is None else cluster_labels(clusters, values[..., inputs])
    coming = next_regime(np.where(ready, now, UNKNOWN).astype(np.int8), grid.minute_ns, grid.session_of, config.horizon_min)
    minute_of_session = np.arange(len(grid.minute_ns)) - np.searchsorted(grid.session_of, grid.session_of)
    t, n = np.nonzero(ready & coming.valid & (minute_of_session % config.stride_min == 0)[:, None])
    return RegimeRows(
        grid.minute_ns[t], n.astype(np.int64), grid.session_of[t], values[t, n], coming.label[t, n].astype(np.float64),
        coming.end_ns[t], config.features,
    )  # fmt: skip
