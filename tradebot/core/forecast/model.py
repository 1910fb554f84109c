"""What the engine knows of a model: a name, the features it reads, and a probability per row."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

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

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probability of the positive label, (N,), for rows (N, F)."""
        ...


@runtime_checkable
class Selector(Protocol):
    """A served meta-selector: a probability for each strategy and for holding nothing. Pure, as a model is."""

    @property
    def model_id(self) -> str: ...

    @property
    def features(self) -> tuple[str, ...]: ...

    @property
    def schema_hash(self) -> str: ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the strategies in the order of the columns of `predict`, then "flat"."""
        ...

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probabilities (N, K + 1) for rows (N, F)."""
        ...
