"""From a new model and the one that trades to a contest: the rows that neither has learned from, and what each earned there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.core.forecast.model import Model
from tradebot.core.regime.detector import UNKNOWN, Labels
from tradebot.core.regime.learned import Clusters, cluster_labels
from tradebot.learning.dataset import Dataset
from tradebot.learning.promotion.earnings import Earnings, followed, information, long_entries
from tradebot.learning.promotion.gate import NATS, Contest
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.next_hour import next_regime
from tradebot.learning.regimes.training import RegimeColumns
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.serving.artefacts.artefact import Predictor

RowsFor = Callable[[tuple[str, ...]], Float]
"""Features to the values of each row of a dataset, (R, F); NaN where one isn't ready."""


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The model that trades. It has learned from nothing that its version's held-out rows begin with, at `unseen_from_ns`."""

    model: Model
    unseen_from_ns: int


@dataclass(frozen=True, slots=True)
class Regimes:
    """What a regime model is measured by: clusters name the bars, `predict` the hour that comes."""

    clusters: Clusters
    predict: Predictor
    unseen_from_ns: int


def classifier_contest(
    dataset: Dataset, predict: Predictor, unseen_from_ns: int, incumbent: Incumbent | str, rows_for: RowsFor, confidence_min: float
) -> Contest:
    """Both models over the rows of `dataset`; money where they answer one number, nats where they answer over classes.

    `incumbent` is a reason where there is none to compare with. One that answers otherwise than the candidate is none.
    """
    unseen = dataset.minute_ns >= unseen_from_ns
    if isinstance(incumbent, Incumbent):
        if incumbent.model.classes != dataset.classes:
            incumbent = f"{incumbent.model.model_id} answers another question"
        else:
            unseen &= dataset.minute_ns >= incumbent.unseen_from_ns

    def earned(answers: Float) -> Earnings:
        if answers.ndim == 2:
            return information(answers, dataset.target[unseen].astype(np.int64), _shares(dataset, unseen))
        return long_entries(
            answers, dataset.net_long[unseen], dataset.symbol_of[unseen], dataset.minute_ns[unseen], dataset.end_ns[unseen], confidence_min
        )

    contest = _bare(dataset, unseen, earned(predict(dataset.rows[unseen])))
    contest = replace(contest, unit=NATS) if dataset.classes else contest
    if isinstance(incumbent, str):
        return replace(contest, no_incumbent=incumbent)
    model = incumbent.model
    rows = dataset.rows if model.features == dataset.features else rows_for(model.features)
    return replace(contest, incumbent=earned(model.predict(np.ascontiguousarray(rows[unseen]))), incumbent_id=model.model_id)


def selector_contest(
    dataset: SelectorDataset,
    predict: Predictor,
    unseen_from_ns: int,
    incumbent: Incumbent | str,
    dataset_for: Callable[[tuple[str, ...]], SelectorDataset],
) -> Contest:
    """Each followed to the strategy that it finds most probable. An incumbent that chooses among others is none."""
    unseen = dataset.minute_ns >= unseen_from_ns
    if isinstance(incumbent, Incumbent):
        if incumbent.model.classes != dataset.classes:
            incumbent = f"{incumbent.model.model_id} chooses among other strategies"
        else:
            unseen &= dataset.minute_ns >= incumbent.unseen_from_ns
    if isinstance(incumbent, str):
        contest = _bare(dataset, unseen, followed(predict(dataset.rows[unseen]), dataset.net[unseen]))
        return replace(contest, no_incumbent=incumbent)
    model = incumbent.model
    if model.features == dataset.features:
        rows = dataset.rows
    else:
        other = dataset_for(model.features)
        at = {key: row for row, key in enumerate(zip(other.minute_ns.tolist(), other.symbol_of.tolist(), strict=True))}
        place = np.array([at.get(key, -1) for key in zip(dataset.minute_ns.tolist(), dataset.symbol_of.tolist(), strict=True)], np.int64)
        rows = np.where((place >= 0)[:, None], other.rows[place], np.nan)
    contest = _bare(dataset, unseen, followed(predict(dataset.rows[unseen]), dataset.net[unseen]))
    old = followed(model.predict(np.ascontiguousarray(rows[unseen])), dataset.net[unseen])
    return replace(contest, incumbent=old, incumbent_id=model.model_id)


def regime_contest(
    columns: RegimeColumns, config: RegimesConfig, candidate: Regimes, incumbent: Regimes | None, why_none: str, incumbent_id: str
) -> Contest:
    """Information about the next hour's regime, each by its own regimes, over what those regimes' shares in the rows before tell."""
    unseen_from_ns = max(candidate.unseen_from_ns, incumbent.unseen_from_ns if incumbent is not None else 0)
    t, n = _decision_rows(columns, config)
    later = columns.minute_ns[t] >= unseen_from_ns

    def earned(regimes: Regimes) -> Earnings:
        inputs = [config.features.index(name) for name in regimes.clusters.inputs]
        named = cluster_labels(regimes.clusters, columns.values[..., inputs])
        now: Labels = np.where(columns.ready, named, UNKNOWN).astype(np.int8)
        truth = next_regime(now, columns.minute_ns, columns.session_of, config.horizon_min).label[t, n].astype(np.int64)
        answers = regimes.predict(np.ascontiguousarray(columns.values[t[later], n[later]]))
        shares = np.bincount(truth[~later], minlength=answers.shape[1]) / max(int((~later).sum()), 1)
        return information(answers, truth[later], shares)

    contest = Contest(columns.minute_ns[t[later]], columns.session_of[t[later]], earned(candidate), unit=NATS)
    if incumbent is None:
        return replace(contest, no_incumbent=why_none)
    return replace(contest, incumbent=earned(incumbent), incumbent_id=incumbent_id)


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


def _bare(dataset: Dataset | SelectorDataset, unseen: Bool, candidate: Earnings) -> Contest:
    return Contest(dataset.minute_ns[unseen], dataset.session_of[unseen], candidate)
