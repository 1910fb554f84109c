"""What a strategy is: a name, and a pure function from feature columns to a signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.columns import signature_of

Float = npt.NDArray[np.float64]
Alpha = Literal["momentum", "mean_reversion", "volatility_breakout", "swing", "microstructure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One strategy. `signal` takes arrays of one shape and answers with one of that shape in [-1, 1]: sign = direction, size = conviction.

    Its positional parameters ARE the feature columns that it reads (one with a default is optional: the default stands in where the column
    is absent), its keyword-only parameters the numbers that a profile may tune. It is elementwise and uses exact IEEE operations only
    (+ - * / sqrt, comparisons, minimum, maximum): one row and a whole history agree bit for bit.

    `alpha` is its row in the weight table of the seven regimes; `pools` the regimes of the three-regime rule in which it trades (() =
    always); `max_hold_bars` closes its position after that many bars (0 = never); `framed`: it is also asked on the 5, 15 and 60-minute
    columns.
    """

    name: str
    title: str
    alpha: Alpha
    signal: Callable[..., Float]
    source: str
    pools: tuple[str, ...] = ()
    max_hold_bars: int = 0
    framed: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns without which there is no signal."""
        return signature_of(self.signal).inputs

    @property
    def optional_inputs(self) -> Mapping[str, float]:
        """Columns that may be absent, with the value that stands in."""
        return signature_of(self.signal).optional

    @property
    def parameters(self) -> Mapping[str, float]:
        """Tunable numbers, with their defaults."""
        return signature_of(self.signal).parameters
