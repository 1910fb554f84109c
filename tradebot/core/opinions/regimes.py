"""Which regime each symbol's minute looks like, before persistence.

    a rule's name      core.regime.catalogue
    "hmm"              the state of the hidden Markov model that is most probable after the bars so far; its beliefs are remembered
    "learned"          the regime that is most probable for the next hour

A symbol without a bar, or with a column that is not finite, looks like nothing: UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import finite_rows
from tradebot.core.forecast.model import Model
from tradebot.core.regime.catalogue import LEARNED, detector_by_name
from tradebot.core.regime.detector import UNKNOWN, Detector, Labels, detect
from tradebot.core.regime.hmm import Hmm, step_beliefs

Float = npt.NDArray[np.float64]


@runtime_checkable
class RegimeModel(Model, Protocol):
    """What the engine knows of learned regimes: `predict` says of each of `classes` how probable it is for the next hour."""

    @property
    def hmm(self) -> Hmm:
        """What labels the bar that is there."""
        ...


@dataclass(frozen=True, slots=True)
class Regimes:
    """A detector by name: its labels, the columns that it reads, and what it asks. `at_once`: see persistence.py.

    A learned one without a model has no labels.
    """

    detector: str
    labels: tuple[str, ...]
    inputs: tuple[str, ...]
    at_once: int
    asked: Detector | RegimeModel | None

    @staticmethod
    def of(detector: str, model: Model | None) -> Regimes:
        """`model` is for a learned detector. Raises OperatorFault for one of another kind, KeyError for a detector that there isn't."""
        if detector not in LEARNED:
            rule = detector_by_name(detector)
            return Regimes(detector, rule.labels, rule.inputs, rule.at_once, rule)
        if model is None:
            return Regimes(detector, (), (), UNKNOWN, None)
        if not isinstance(model, RegimeModel):
            raise OperatorFault(f"{model.model_id} tells no regimes, and the profile's detector is {detector}: train again")
        labels, inputs = (model.hmm.labels, model.hmm.inputs) if detector == "hmm" else (model.classes, model.features)
        return Regimes(detector, labels, inputs, UNKNOWN, model)

    def seen(self, features: Float, column_of: Mapping[str, int], beliefs: Float) -> Labels:
        """Labels (N,) of one minute's `features` (N, F). The hidden Markov model moves `beliefs` (N, L) on."""
        if isinstance(self.asked, Detector):
            return detect(self.asked, features, column_of)
        assert self.asked is not None, "learned regimes are not asked for without a model"
        rows = np.ascontiguousarray(features[:, [column_of[name] for name in self.inputs]])
        if self.detector == "hmm":
            return step_beliefs(self.asked.hmm, beliefs, rows)
        known = finite_rows(rows)
        labels = np.full(len(rows), UNKNOWN, np.int8)
        if known.any():
            labels[known] = np.argmax(self.asked.predict(rows[known]), axis=1)
        return labels
