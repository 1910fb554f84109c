"""One training of the institutional system: five specialists, each on its own label, then the meta-model on rows that none has seen.

The profile's label is the move that the joint position is judged by (forward_return over its horizon). Rows are those that have it; each
specialist learns from those of them that have its own label too. In time: specialists learn from the first part of the training rows, the
meta-model's weights come from the last `watch_fraction` of them, purged, and the figures from the test rows, purged and embargoed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.fitting import refuse
from tradebot.learning.institutional.meta import fit_meta
from tradebot.learning.institutional.rows import Parts, learns_from, parts_of, specialist_rows
from tradebot.learning.institutional.specialists import SPECIALISTS, Specialist
from tradebot.learning.metrics import AnyMetrics, measure
from tradebot.learning.number_evaluation import NumberMetrics, evaluate_numbers
from tradebot.learning.trainers.catalogue import SINGLE
from tradebot.learning.trainers.trainer import Fitted, proven
from tradebot.learning.training import Trained, rows_of, span
from tradebot.serving.artefacts.artefact import Predictor
from tradebot.serving.artefacts.institutional import InstitutionalArtefact, joined
from tradebot.serving.artefacts.xgboost import XgboostArtefact
from tradebot.serving.institutional import DIRECTIONAL

FEATURES: Final = "institutional"
LABEL: Final = "forward_return"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class InstitutionalMetrics(NumberMetrics):
    """The joint position's figures, the specialists' own, and how much each directional one counts in each regime."""

    specialists: dict[str, AnyMetrics]
    weights: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class _Learned:
    """A specialist that is fitted, its rows, and its figures on the test's."""

    fitted: Fitted
    own: Dataset
    metrics: AnyMetrics

    def answer(self) -> Predictor:
        """Its answer, proven against XGBoost's."""
        return proven(self.fitted)


def train_institutional(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, say: Say) -> Trained:
    """Raises OperatorFault for another label or feature set, and for what a specialist can't learn from, by its name."""
    if config.features != FEATURES or config.label != LABEL:
        raise OperatorFault(f'a model of kind institutional needs model.features = "{FEATURES}" and model.label = "{LABEL}"')
    if not config.watch_fraction:
        raise OperatorFault("the meta-model learns from watched rows: model.watch_fraction must be greater than 0")
    say(f"features and labels of {len(grid.symbols)} symbols over {len(grid.sessions)} sessions")
    rows = build_dataset(grid, config, cost)
    parts = parts_of(rows, config)
    refuse(rows_of(rows, parts.fit), rows, config)
    learned = {s.name: _learn(s, specialist_rows(grid, rows, s, config, cost), parts, config, say) for s in SPECIALISTS}
    answers = {name: specialist.answer() for name, specialist in learned.items()}
    known = learned["volatility"].own.target[parts.fit]
    meta = fit_meta(answers, rows, parts.watch, known[np.isfinite(known)])
    artefact = InstitutionalArtefact({name: _xgboost(specialist.fitted) for name, specialist in learned.items()}, meta)
    weights = {
        regime: dict(zip(DIRECTIONAL, row, strict=True)) for regime, row in zip(learned["regime"].own.classes, meta.weights, strict=True)
    }
    for regime, row in weights.items():
        say(f"meta-model, {regime}: " + ", ".join(f"{name} {share:.2f}" for name, share in row.items()))
    test = rows_of(rows, parts.test)
    served = artefact.predictor()(test.values)
    volatility = _xgboost(learned["volatility"].fitted).numbers()
    expected = joined({**answers, "volatility": volatility}, meta)(test.values)
    assert served.tobytes() == expected.tobytes(), "the joint model answers otherwise than its specialists"
    joint = evaluate_numbers(test.target, served, None, float(rows.target[parts.fit].mean()), test.cost)
    own = {name: specialist.metrics for name, specialist in learned.items()}
    return Trained(
        artefact=artefact,
        config=config,
        cost=cost,
        features=rows.features,
        label=rows.label_name,
        label_parameters=rows.label_parameters,
        data=rows.data,
        train=span(rows.minute_ns[parts.fit | parts.watch]),
        test=span(rows.minute_ns[parts.test]),
        metrics=InstitutionalMetrics(**{f.name: getattr(joint, f.name) for f in fields(joint)}, specialists=own, weights=weights),
        left_out=rows.dropped,
        effective_rows=rows.effective_rows,
    )


def _learn(specialist: Specialist, own: Dataset, parts: Parts, config: TrainingConfig, say: Say) -> _Learned:
    settings = specialist.config(config)
    train = rows_of(own, learns_from(own, parts, specialist))
    test = rows_of(own, parts.test & np.isfinite(own.target))
    try:
        refuse(train, own, settings)
    except OperatorFault as fault:
        raise OperatorFault(f"specialist {specialist.name}: {fault}") from None
    say(f"specialist {specialist.name}: {len(train)} rows, label {own.label_name} over {specialist.horizon_min} minutes")
    fitted = SINGLE[specialist.kind](train, train.where(np.arange(0)), settings, say)
    return _Learned(fitted, own, measure(fitted, proven(fitted)(test.values), train, test, own, settings))


def _xgboost(fitted: Fitted) -> XgboostArtefact:
    assert isinstance(fitted.artefact, XgboostArtefact)
    return fitted.artefact
