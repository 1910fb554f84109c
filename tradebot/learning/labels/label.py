"""What a label is: an answer for each bar that a model is to learn, and the instant at which it was known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.learning.config import RoundTripCost, TrainingConfig

Answer = Literal["probability", "number", "classes"]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of a grid, with the name and parameters that the report states.

    A decision on bar t buys at the open of the symbol's next bar of the same session. `end_ns` is the end of the last bar that the answer
    needed: splits purge by it. `net_long` is what that purchase, held to the label's end, would have earned after `cost`; both are
    fractions of the price paid. Where `valid` is False, `target`, `net_long` and `cost` are NaN.
    """

    name: str
    parameters: dict[str, float]
    target: Float  # (T, N) 0 or 1, a number, or the index of a class
    valid: Bool  # (T, N)
    end_ns: Int  # (T, N)
    net_long: Float  # (T, N)
    cost: Float  # (T, N)
    answer: Answer = "probability"
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What a label may need besides bars: the sides that a primary model took, and the regime of each bar with the regimes' names."""

    sides: npt.NDArray[np.int8] | None = None  # (T, N) -1, 0 or 1
    regimes: npt.NDArray[np.int8] | None = None  # (T, N) index into `regime_names`, -1 = unknown
    regime_names: tuple[str, ...] = ()


NOTHING = Given()
LabelRule = Callable[[MarketGrid, TrainingConfig, RoundTripCost, Given], Labels]
