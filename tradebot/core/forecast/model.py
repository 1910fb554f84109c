"""What the engine knows of a model: a name, the features it reads, and a probability per row, or one for each class."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt


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
    def classes(self) -> tuple[str, ...]:
        """Empty for a classifier of yes and no; a meta-selector's strategies in the order of its columns, then "flat"."""
        ...

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """For rows (N, F): the probability of the positive label (N,), or of each class (N, C)."""
        ...
