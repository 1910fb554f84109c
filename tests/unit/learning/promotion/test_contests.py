"""Contests are held on rows that neither model has learned from, on the features that each reads, and only between those that compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.features.catalogue import scan_features
from tradebot.core.forecast.model import Answer
from tradebot.core.regime.learned import LEARNED_LABELS
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.promotion.config import PromotionConfig
from tradebot.learning.promotion.contests import Contender, classifier_contest, regime_contest, rows_at, selector_contest
from tradebot.learning.promotion.gate import BP_OF_A_POSITION, NATS, judge
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.training import RegimeColumns, TrainedRegimes, train_regimes
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.model import StoredModel
from tradebot.serving.regime_store import RegimeModel

GRID = market(count=5)
CONFIG = TrainingConfig(label="forward_15m_beats_cost", features="scale_free")
DATASET: Dataset = build_dataset(GRID, CONFIG, RoundTripCost())
FIRST_NS, LATE_NS = int(DATASET.minute_ns[len(DATASET) // 2]), int(DATASET.minute_ns[-600])


@dataclass(frozen=True)
class Scripted:
    """A model whose answer is a formula of its rows."""

    formula: Callable[[np.ndarray], np.ndarray]
    features: tuple[str, ...] = DATASET.features
    classes: tuple[str, ...] = ()
    model_id: str = "demo/old"
    schema_hash: str = ""
    answer: Answer = "probability"

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.formula(rows)


def not_asked(features: tuple[str, ...]) -> np.ndarray:
    raise AssertionError("the dataset's own rows are enough")


ALWAYS = Contender(Scripted(lambda rows: np.ones(len(rows)), model_id="demo/always"), FIRST_NS)
NEVER = Contender(Scripted(lambda rows: np.zeros(len(rows)), model_id="demo/never"), LATE_NS)


def oracle(dataset: Dataset, from_ns: int) -> Contender:
    """Knows what comes: answers 1 where buying pays, by looking its row up."""
    pays = {row.tobytes(): float(net > 0.0) for row, net in zip(dataset.rows, dataset.net_long, strict=True)}
    return Contender(Scripted(lambda rows: np.array([pays[r.tobytes()] for r in rows]), model_id="demo/oracle"), from_ns)


def test_only_rows_that_neither_has_learned_from_count() -> None:
    contest = classifier_contest(DATASET, ALWAYS, NEVER, not_asked, 0.5)
    assert contest.minute_ns.min() >= LATE_NS
    assert len(contest.minute_ns) == (DATASET.minute_ns >= LATE_NS).sum()
    assert contest.incumbent is not None
    assert (contest.incumbent.trades, contest.incumbent_id) == (0, "demo/never")
    assert contest.candidate.trades > 20
    alone = classifier_contest(DATASET, ALWAYS, "no model traded before", not_asked, 0.5)
    assert len(alone.minute_ns) == (DATASET.minute_ns >= FIRST_NS).sum()
    assert (alone.incumbent, alone.no_incumbent, alone.unit) == (None, "no model traded before", BP_OF_A_POSITION)


def test_who_knows_the_future_replaces_who_buys_always_and_not_the_other_way_round() -> None:
    better = judge(classifier_contest(DATASET, oracle(DATASET, FIRST_NS), ALWAYS, not_asked, 0.5), (), PromotionConfig())
    assert better.promote
    assert not judge(classifier_contest(DATASET, ALWAYS, oracle(DATASET, FIRST_NS), not_asked, 0.5), (), PromotionConfig()).promote


def test_each_is_asked_on_the_features_that_it_reads() -> None:
    other = ("return_1m", "volume_ratio_ema20")
    seen: list[np.ndarray] = []

    def formula(rows: np.ndarray) -> np.ndarray:
        seen.append(rows)
        return np.ones(len(rows))

    incumbent = Contender(Scripted(formula, features=other), FIRST_NS)
    classifier_contest(DATASET, ALWAYS, incumbent, lambda names: rows_at(GRID, DATASET.minute_ns, DATASET.symbol_of, names), 0.5)
    (rows,) = seen
    unseen = DATASET.minute_ns >= FIRST_NS
    assert np.array_equal(rows[:, 0], DATASET.rows[unseen, DATASET.features.index("return_1m")])
    assert rows.shape == (unseen.sum(), 2)


def test_a_model_of_another_question_is_no_incumbent() -> None:
    incumbent = Contender(Scripted(lambda rows: np.ones((len(rows), 2)), classes=("up", "down"), answer="classes"), FIRST_NS)
    contest = classifier_contest(DATASET, ALWAYS, incumbent, not_asked, 0.5)
    assert contest.incumbent is None
    assert contest.no_incumbent == "demo/old answers another question"


def test_models_over_classes_are_compared_by_what_they_tell() -> None:
    dataset = replace(DATASET, classes=("no", "yes"), answer="classes")

    def said(strength: float, name: str) -> Contender:
        truth = {row.tobytes(): int(t) for row, t in zip(dataset.rows, dataset.target, strict=True)}

        def formula(rows: np.ndarray) -> np.ndarray:
            yes = np.array([truth[r.tobytes()] for r in rows])
            return np.where(np.stack([1 - yes, yes], axis=1) > 0, 0.5 + strength, 0.5 - strength)

        return Contender(Scripted(formula, classes=("no", "yes"), model_id=name, answer="classes"), FIRST_NS)

    contest = classifier_contest(dataset, said(0.3, "sure"), said(0.1, "vague"), not_asked, 0.5)
    assert contest.unit is NATS
    assert judge(contest, (), PromotionConfig()).promote
    assert not judge(classifier_contest(dataset, said(0.1, "a"), said(0.3, "b"), not_asked, 0.5), (), PromotionConfig()).promote


def hours(features: tuple[str, ...], drop: int = 0) -> SelectorDataset:
    count = 40 - drop
    at = np.arange(drop, 40, dtype=np.int64)
    net = np.where(at[:, None] % 2 == np.arange(2), 1.0, -1.0)
    values = np.stack([at % 2.0] * len(features), axis=1)
    zeros = np.zeros(count, np.int64)
    return SelectorDataset(at * 3_600_000_000_000, zeros, at // 7, values, zeros, net, at + 1, features, ("even", "odd"))


def test_selectors_are_followed_hour_by_hour_each_on_its_own_columns() -> None:
    classes = ("even", "odd", "flat")

    def knows(rows: np.ndarray) -> np.ndarray:
        return np.stack([rows[:, 0] == 0, rows[:, 0] == 1, np.isnan(rows[:, 0])], axis=1).astype(float)

    candidate = Contender(Scripted(knows, features=("a",), classes=classes, answer="classes"), 0)
    incumbent = Contender(Scripted(knows, features=("b", "c"), classes=classes, answer="classes"), 10 * 3_600_000_000_000)
    contest = selector_contest(hours(("a",)), candidate, incumbent, lambda features: hours(features, drop=20))
    assert contest.incumbent is not None
    assert contest.candidate.gain.tolist() == [1.0] * 30
    assert contest.incumbent.gain.tolist() == [0.0] * 10 + [1.0] * 20  # hours that its columns don't have: flat
    other = replace(incumbent, model=replace(incumbent.model, classes=("even", "flat")))  # type: ignore[type-var]
    assert selector_contest(hours(("a",)), candidate, other, hours).no_incumbent == "demo/old chooses among other strategies"


REGIMES = RegimesConfig(
    volatility_inputs=("high_rel",), trend_inputs=("macd_rel",), context_inputs=("return_1m",), hmm_inputs=("return_1m", "high_rel"),
    trees=6, depth=3, embargo_sessions=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def trained() -> TrainedRegimes:
    return train_regimes(GRID, REGIMES)


def regimes(trained: TrainedRegimes, features: tuple[str, ...] = REGIMES.features) -> RegimeModel:
    forecast = StoredModel("demo/regimes/1", REGIMES.features, "", ForestArtefact(trained.forest), classes=LEARNED_LABELS)
    return RegimeModel(trained.clusters, trained.hmm, forecast)


def test_regimes_are_compared_by_what_they_tell_of_the_hour_that_comes(trained: TrainedRegimes) -> None:
    values, ready = scan_features(GRID, REGIMES.features)
    columns = RegimeColumns(GRID.minute_ns, GRID.session_of, values, ready & GRID.present)
    model = Contender(regimes(trained), trained.test.first_ns)
    contest = regime_contest(columns, REGIMES, model, model)
    assert contest.incumbent is not None
    assert len(contest.minute_ns) == trained.metrics.rows
    assert np.array_equal(contest.candidate.gain, contest.incumbent.gain)
    assert contest.candidate.gain.mean() == pytest.approx(trained.metrics.shares_log_loss - trained.metrics.log_loss, abs=1e-6)
    reads_less = replace(REGIMES, context_inputs=("low_rel",))
    part = RegimeColumns(GRID.minute_ns, GRID.session_of, values, ready & GRID.present)
    assert "reads other columns" in regime_contest(part, reads_less, model, model).no_incumbent
