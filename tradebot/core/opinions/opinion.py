"""What is thought of every symbol at one minute, before size and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.decision import Thoughts


@dataclass(frozen=True, slots=True)
class Opinion:
    """Arrays are (N,). `reasons[n]` is "" where symbol n may be entered, else why not; `exits` names held symbols to close, and why."""

    valid: npt.NDArray[np.bool_]
    conviction: npt.NDArray[np.float64]  # a model's probability, or the strategies' forecast in [-1, 1]; NaN where not valid
    reasons: list[str]
    exits: Mapping[str, str] = field(default_factory=dict)
    thoughts: Thoughts | None = None
    evidence: npt.NDArray[np.float64] | None = None  # (N, W) of the leading strategies, see core/portfolio/evidence.py


def no_opinion(symbols: int, reason: str) -> Opinion:
    """The same reason against every symbol."""
    return Opinion(np.zeros(symbols, np.bool_), np.full(symbols, np.nan), [reason] * symbols)
