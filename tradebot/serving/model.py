"""A stored model that serves: `core.forecast.model.Model`, or a selector where it names classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.forecast.model import Answer
from tradebot.serving.artefacts.artefact import Artefact

Float = npt.NDArray[np.float64]


class StoredModel:
    """An artefact, whatever its kind, under the name and with the features that its manifest gives it."""

    def __init__(
        self,
        model_id: str,
        features: tuple[str, ...],
        schema_hash: str,
        artefact: Artefact,
        manifest_sha256: str = "",
        classes: tuple[str, ...] = (),
    ) -> None:
        assert len(features) == artefact.inputs, "a model has one column for each feature"
        assert len(classes) == (0 if artefact.outputs == 1 else artefact.outputs), "a model over classes has a name for each"
        self._model_id = model_id
        self._features = features
        self._schema_hash = schema_hash
        self._classes = classes
        self._answer = artefact.answer
        self.manifest_sha256 = manifest_sha256
        self._predict = artefact.predictor()

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def features(self) -> tuple[str, ...]:
        return self._features

    @property
    def schema_hash(self) -> str:
        return self._schema_hash

    @property
    def answer(self) -> Answer:
        return self._answer

    @property
    def classes(self) -> tuple[str, ...]:
        """What the columns of `predict` stand for; empty where it answers one number."""
        return self._classes

    def predict(self, rows: Float) -> Float:
        """For rows (N, F) in the order of `features`: (N,), or (N, C) over classes; see `answer`. NaN for a row that is not finite."""
        return self._predict(rows)
