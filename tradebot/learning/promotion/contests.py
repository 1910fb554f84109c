"""From a new model and the one that trades to a contest: the rows that neither has learned from, and what each earned there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.core.forecast.model import Model
from tradebot.core.regime.detector import UNKNOWN, Labels
from tradebot.core.regime.learned import cluster_labels
from tradebot.learning.dataset import Dataset
from tradebot.learning.promotion.earnings import Earnings, followed, information, long_entries
from tradebot.learning.promotion.gate import NATS, Contest
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.next_hour import next_regime
from tradebot.learning.regimes.training import RegimeColumns
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.serving.regime_store import RegimeModel

RowsFor = Callable[[tuple[str, ...]], Float]
"""Features to the values of each row of a dataset, (R, F); NaN where one isn't ready."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A model, and the first of the rows that its version held out: it has learned from nothing at or after that minute."""

    model: Model
    unseen_from_ns: int


def classifier_contest(
    dataset: Dataset, candidate: Contender, incumbent: Contender | str, rows_for: RowsFor, confidence_min: float
) -> Contest:
    """Both over the rows of `dataset`: what trading on their answers earns, nats where they answer over classes.

    `incumbent` is a reason where there is none to compare with. One that answers another question is none.
    """
    incumbent = _comparable(incumbent, candidate, "answers another question")
    unseen = _unseen(dataset.minute_ns, candidate, incumbent)

    def earned(contender: Contender) -> Earnings:
        features = contender.model.features
        rows = dataset.rows if features == dataset.features else rows_for(features)
        answers = contender.model.predict(np.ascontiguousarray(rows[unseen]))
        if answers.ndim == 2:
            return information(answers, dataset.target[unseen].astype(np.int64), _shares(dataset, unseen))
        return long_entries(
            answers, dataset.net_long[unseen], dataset.symbol_of[unseen], dataset.minute_ns[unseen], dataset.end_ns[unseen], confidence_min
        )

    contest = _contest(dataset.minute_ns[unseen], dataset.session_of[unseen], candidate, incumbent, earned)
    return replace(contest, unit=NATS) if candidate.model.classes else contest


def selector_contest(
    dataset: SelectorDataset,
    candidate: Contender,
    incumbent: Contender | str,
    dataset_for: Callable[[tuple[str, ...]], SelectorDataset],
) -> Contest:
    """Each followed to the strategy that it finds most probable. An incumbent that chooses among others is none."""
    incumbent = _comparable(incumbent, candidate, "chooses among other strategies")
    unseen = _unseen(dataset.minute_ns, candidate, incumbent)

    def earned(contender: Contender) -> Earnings:
        features = contender.model.features
        rows = dataset.rows if features == dataset.features else _same_hours(dataset, dataset_for(features))
        return followed(contender.model.predict(np.ascontiguousarray(rows[unseen])), dataset.net[unseen])

    return _contest(dataset.minute_ns[unseen], dataset.session_of[unseen], candidate, incumbent, earned)


def regime_contest(columns: RegimeColumns, config: RegimesConfig, candidate: Contender, incumbent: Contender | str) -> Contest:
    """Information about the next hour's regime, each by its own regimes, over what those regimes' shares in the rows before tell."""
    if isinstance(incumbent, Contender) and incumbent.model.features != config.features:
        incumbent = f"{incumbent.model.model_id} reads other columns"
    t, n = _decision_rows(columns, config)
    unseen = _unseen(columns.minute_ns[t], candidate, incumbent)

    def earned(contender: Contender) -> Earnings:
        model = contender.model
        assert isinstance(model, RegimeModel), "regimes are compared with regimes"
        inputs = [config.features.index(name) for name in model.clusters.inputs]
        named = cluster_labels(model.clusters, columns.values[..., inputs])
        now: Labels = np.where(columns.ready, named, UNKNOWN).astype(np.int8)
        truth = next_regime(now, columns.minute_ns, columns.session_of, config.horizon_min).label[t, n].astype(np.int64)
        answers = model.predict(np.ascontiguousarray(columns.values[t[unseen], n[unseen]]))
        shares = np.bincount(truth[~unseen], minlength=answers.shape[1]) / max(int((~unseen).sum()), 1)
        return information(answers, truth[unseen], shares)

    contest = _contest(columns.minute_ns[t[unseen]], columns.session_of[t[unseen]], candidate, incumbent, earned)
    return replace(contest, unit=NATS)


def _comparable(incumbent: Contender | str, candidate: Contender, why_not: str) -> Contender | str:
    if isinstance(incumbent, Contender) and incumbent.model.classes != candidate.model.classes:
        return f"{incumbent.model.model_id} {why_not}"
    return incumbent


def _unseen(minute_ns: Int, candidate: Contender, incumbent: Contender | str) -> Bool:
    other_ns = incumbent.unseen_from_ns if isinstance(incumbent, Contender) else 0
    unseen: Bool = minute_ns >= max(candidate.unseen_from_ns, other_ns)
    return unseen


def _contest(
    minute_ns: Int, session_of: Int, candidate: Contender, incumbent: Contender | str, earned: Callable[[Contender], Earnings]
) -> Contest:
    contest = Contest(minute_ns, session_of, earned(candidate))
    if isinstance(incumbent, str):
        return replace(contest, no_incumbent=incumbent)
    return replace(contest, incumbent=earned(incumbent), incumbent_id=incumbent.model.model_id)


def _same_hours(dataset: SelectorDataset, other: SelectorDataset) -> Float:
    """The rows of another dataset at the hours and symbols of this one; NaN where it has none."""
    at = {key: row for row, key in enumerate(zip(other.minute_ns.tolist(), other.symbol_of.tolist(), strict=True))}
    place = np.array([at.get(key, -1) for key in zip(dataset.minute_ns.tolist(), dataset.symbol_of.tolist(), strict=True)], np.int64)
    rows: Float = np.where((place >= 0)[:, None], other.rows[place], np.nan)
    return rows


def rows_at(grid: MarketGrid, minute_ns: Int, symbol_of: Int, features: tuple[str, ...]) -> Float:
    """The values of `features` at rows of a grid, (R, F), NaN where they weren't ready."""
    values, ready = scan_features(grid, features)
    t = np.searchsorted(grid.minute_ns, minute_ns)
    rows: Float = np.where(ready[t, symbol_of][:, None], values[t, symbol_of], np.nan)
    return rows


def _decision_rows(columns: RegimeColumns, config: RegimesConfig) -> tuple[Int, Int]:
    """(t, n) of the rows that a training of regimes learns from and is measured on."""
    ready: Labels = np.where(columns.ready, 0, UNKNOWN).astype(np.int8)
    valid = next_regime(ready, columns.minute_ns, columns.session_of, config.horizon_min).valid
    minute_of_session = np.arange(len(columns.minute_ns)) - np.searchsorted(columns.session_of, columns.session_of)
    t, n = np.nonzero(columns.ready & valid & (minute_of_session % config.stride_min == 0)[:, None])
    return t, n


def _shares(dataset: Dataset, unseen: Bool) -> Float:
    """Of each class among the rows that were learned from."""
    count = np.bincount(dataset.target[~unseen].astype(np.int64), minlength=len(dataset.classes))
    return count / max(int(count.sum()), 1)
