"""What a profile decides about the gate that a new model has to pass before it trades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionConfig:
    """A candidate replaces the incumbent when it earned more, net, on rows that neither has learned from.

    "More" is by over `margin_bps` of a position a session, with at least `confidence` in a one-sided block bootstrap of the difference.
    The blocks are sessions, or hours where there are fewer than `blocks_min` sessions. Fewer rows than `rows_min` or fewer blocks than
    `blocks_min` decide nothing: the incumbent stays. A model with a leak alarm is never promoted by the gate.

    `first`: what a profile's first model has to do, "beat_flat" by the same rule, or ring "no_alarm".
    """

    first: Literal["beat_flat", "no_alarm"] = "beat_flat"

    margin_bps: Annotated[float, Ge(0)] = 0.0
    confidence: Annotated[float, Gt(0.5), Lt(1)] = 0.9
    rows_min: Annotated[int, Ge(1)] = 200
    blocks_min: Annotated[int, Ge(2)] = 6
    seed: Annotated[int, Ge(0), Lt(2**32)] = 7
