"""What a trained model is on disk and in memory: safe files in a folder, and a pure function from rows to answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from tradebot.core.forecast.model import Answer

Float = npt.NDArray[np.float64]
Predictor = Callable[[Float], Float]
"""Rows (N, F) to answers (N,), or (N, C) over classes. A row with a number that is not finite answers NaN; one row and a batch agree
bit for bit."""


class Artefact(Protocol):
    """The numbers of a model, whatever its kind.

    What it writes is UBJ, safetensors or JSON, and nothing that can run. `read` gives back an artefact whose predictor answers bit for bit
    as the written one's, or raises OperatorFault with one sentence. Hashes are not its business: the manifest holds them.
    """

    @property
    def runtime(self) -> str:
        """Its key in `serving.artefacts.catalogue.READERS`."""
        ...

    @property
    def answer(self) -> Answer: ...

    @property
    def inputs(self) -> int:
        """Columns F of the rows that it reads."""
        ...

    @property
    def outputs(self) -> int:
        """1, or the number of classes C."""
        ...

    def write(self, folder: Path) -> None:
        """Write its files into an existing, empty folder; it may make sub-folders."""
        ...

    def predictor(self) -> Predictor: ...

    @classmethod
    def read(cls, folder: Path) -> Self: ...
