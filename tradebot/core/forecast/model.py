"""What the engine knows of a model: a name, the features it reads, and an answer per row, or one for each class."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Answer = Literal["probability", "position", "classes"]
"""What the numbers of a model are: a probability of yes in [0, 1], a position in [-1, 1] (short to long), or a probability per class."""


class Model(Protocol):
    """A served model. `predict` is pure: same rows, same answer, one row or many, in any batch."""

    @property
    def model_id(self) -> str: ...

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns that `predict` reads, in order."""
        ...

    @property
    def schema_hash(self) -> str:
        """Hash of the features' names and versions at training time (`core.features.catalogue.schema_hash`)."""
        ...

    @property
    def answer(self) -> Answer: ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Empty where the model answers one number; a meta-selector's strategies in the order of its columns, then "flat"."""
        ...

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """For rows (N, F): the answer (N,), or of each class (N, C)."""
        ...
