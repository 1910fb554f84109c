"""One alarm's answer, and how loud it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt, Lt


@dataclass(frozen=True, slots=True)
class Alarm:
    """`rang`: `figure` is beyond `bound`. Both are None where there was too little data to measure; then it did not ring, and says so."""

    name: str
    rang: bool
    figure: float | None
    bound: float | None
    sentence: str

    @property
    def measured(self) -> bool:
        return self.figure is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmConfig:
    """How the alarms are measured.

    `rows_max` bounds the rows that each of their small trainings sees, and that each is measured on; their models have at most `trees_max`
    trees of `depth_max`. `false_alarm` is the chance that an alarm of statistics rings on clean data, each time it is asked (one-sided);
    `skill_min` is the difference in skill (AUC or rank correlation) below which nothing rings, however certain. A difference is measured
    over sessions, of which `sessions_min` are needed: where fewer than `sessions_enough` were held out, all sessions are asked about, each
    by a model that has not seen it (purged folds). `values_max` bounds the feature values that are computed again.
    """

    rows_max: Annotated[int, Ge(500)] = 20_000
    trees_max: Annotated[int, Ge(1)] = 40
    depth_max: Annotated[int, Ge(1)] = 6
    shuffles: Annotated[int, Ge(1)] = 3
    noise_columns: Annotated[int, Ge(1)] = 4
    cuts: Annotated[int, Ge(1)] = 3
    false_alarm: Annotated[float, Gt(0), Lt(0.5)] = 0.001
    skill_min: Annotated[float, Ge(0)] = 0.005
    sessions_min: Annotated[int, Ge(3)] = 4
    sessions_enough: Annotated[int, Ge(3)] = 8
    folds: Annotated[int, Ge(2)] = 4
    values_max: Annotated[int, Ge(1000)] = 20_000_000
    seed: Annotated[int, Ge(0)] = 17


def not_measured(name: str, why: str) -> Alarm:
    return Alarm(name, False, None, None, f"not measured: {why}")


def as_rows(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    """Plain values, for a manifest or a report."""
    return [asdict(alarm) for alarm in alarms]


def rung(alarms: Sequence[Alarm]) -> tuple[Alarm, ...]:
    """Those that rang."""
    return tuple(alarm for alarm in alarms if alarm.rang)
