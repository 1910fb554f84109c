"""A task whose best values are known: a smoother of noisy rows, and rows where no value is better than another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.unit.learning.alarms.cases import MINUTE_NS, rows_of
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.case import Predict
from tradebot.learning.search.space import Knob, Value
from tradebot.learning.search.study import Plan
from tradebot.learning.search.task import Task
from tradebot.learning.trainers.trainer import Rows

SPACE = (Knob("depth", 1, 30), Knob("learning_rate", 0.01, 1.0, whole=False, log=True))
OWN: dict[str, Value] = {"depth": 28, "learning_rate": 0.9}


def learn(values: Mapping[str, Value], rows: Rows) -> Predict:
    """Log odds in proportion to the first column: best near depth 10, any learning_rate."""
    if values["depth"] == 13:
        raise OperatorFault("thirteen can't be learned with")
    slope = 0.5 - 0.04 * abs(values["depth"] - 10)
    base = float(np.log(rows.target.mean() / (1.0 - rows.target.mean())))
    return lambda some: 1.0 / (1.0 + np.exp(-(base + slope * some[:, 0])))


def task(seed: int = 1, sessions: int = 12) -> Task:
    rows, net = rows_of(seed, sessions, signal=0.8)
    return Task(rows, rows.minute_ns + 5 * MINUTE_NS, net, "probability", learn)


def plan(trials: int, seed: int = 3, **changes: object) -> Plan:
    about: dict[str, object] = {
        "space": SPACE, "own": OWN, "trials": trials, "folds": 4, "embargo_sessions": 1, "objective": "loss", "seed": seed,
        "identity": {"rows": "some"},
    }  # fmt: skip
    return Plan(**(about | changes))  # type: ignore[arg-type]
