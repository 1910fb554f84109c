"""Walk-forward: train on the last so many days, test on the sessions after an embargo, step on, train again (SYSTEMS.md section 1).

Tests overlap where a step is shorter than a test. `live_sessions` are those of a fold that no later fold tests: joined over the folds they
are every tested session once, each with the newest model that there was. The last tests end with the data and may be shorter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForwardConfig:
    """`train_days` are calendar days before the first tested session; `anchored` trains on all before it, and the days are the least.

    The default trains on 180 days, tests 10 sessions and steps a week; with `test_sessions=5` it is a weekly retraining on six months.
    """

    train_days: Annotated[int, Ge(1)] = 180
    test_sessions: Annotated[int, Ge(1)] = 10
    step_sessions: Annotated[int, Ge(1)] = 5
    embargo_sessions: Annotated[int, Ge(0)] = 1
    anchored: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """One training and what it is tested on, oldest first. `number` counts from 1."""

    number: int
    train_sessions: tuple[Session, ...]
    test_sessions: tuple[Session, ...]
    live_sessions: tuple[Session, ...]


def walk_forward_folds(sessions: Sequence[Session], config: WalkForwardConfig) -> tuple[Fold, ...]:
    """Folds over sessions, oldest first. Raises OperatorFault when there are too few for one."""
    days = tuple(sessions)
    span = dt.timedelta(days=config.train_days)
    first_test = next((i for i, s in enumerate(days) if s.date - span >= days[0].date), len(days))
    starts = range(first_test, len(days), config.step_sessions)
    if not starts:
        raise OperatorFault(
            f"{len(days)} sessions are too few to walk forward: {config.train_days} days to train on, an embargo of "
            f"{config.embargo_sessions} sessions and one session to test on are needed"
        )
    folds = []
    for number, start in enumerate(starts, 1):
        oldest = 0 if config.anchored else next(i for i, s in enumerate(days) if s.date >= days[start].date - span)
        train = days[oldest : max(start - config.embargo_sessions, 0)]
        if not train:
            raise OperatorFault(
                f"fold {number}, tested from {days[start].date}, has no session to train on: train_days {config.train_days} or "
                f"embargo_sessions {config.embargo_sessions} must change"
            )
        test = days[start : start + config.test_sessions]
        live = test if start + config.step_sessions >= len(days) else test[: config.step_sessions]
        folds.append(Fold(number, train, test, live))
    return tuple(folds)
