"""What a search is asked: rows, how one learns from them with some values of the knobs, and the score that is made small.

Out of fold: every row is predicted by a model that trained on purged other rows (learning/splits). The score is

    log_loss           of the true answer's probability, for yes and no and for classes
    rank_correlation   inside sessions, with its sign turned, for numbers (learning/alarms/skill.py)
    net                minus the mean net result, in bps of a row that is followed: the fifth of each fold's rows with the highest
                       predictions (for classes: the class that is most probable)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.case import Predict
from tradebot.learning.alarms.skill import Answer, skill
from tradebot.learning.search.space import Value
from tradebot.learning.trainers.trainer import Rows

Objective = Literal["loss", "net"]
ScoreName = Literal["log_loss", "rank_correlation", "net"]
_TINY: Final = 1e-6
_FOLLOWED: Final = 0.2


@dataclass(frozen=True, slots=True)
class Task:
    """R rows in order of time. `net` is what following a row would have earned, (R,) or (R, C) over classes, NaN where not defined.

    `learn(values, rows)` trains with some values of the knobs and raises OperatorFault where it can't.
    """

    rows: Rows
    end_ns: Int  # (R,)
    net: Float
    answer: Answer
    learn: Callable[[Mapping[str, Value], Rows], Predict]

    def part(self, chosen: Bool) -> Task:
        return Task(self.rows.where(chosen), self.end_ns[chosen], self.net[chosen], self.answer, self.learn)


@dataclass(frozen=True, slots=True)
class Score:
    """The smaller, the better. `by_session` (S,) are the sessions' own scores, in order; their mean is near `figure`, not always equal."""

    name: ScoreName
    figure: float
    by_session: Float


def score_name(answer: Answer, objective: Objective) -> ScoreName:
    if objective == "net":
        return "net"
    return "rank_correlation" if answer == "number" else "log_loss"


def scored(task: Task, prediction: Float, objective: Objective) -> Score:
    """Of predictions (R,), or (R, C), for the task's rows. Raises OperatorFault where there is nothing to score."""
    name = score_name(task.answer, objective)
    if name == "rank_correlation":
        try:
            found = skill(prediction, task.rows.target, task.rows.session_of, task.answer)
        except ValueError as nothing:
            raise OperatorFault(str(nothing)) from nothing
        return Score(name, -found.figure, -found.by_session[np.isfinite(found.by_session)])
    loss, weight = _log_loss(task, prediction) if name == "log_loss" else _net(task, prediction)
    known = np.isfinite(loss)
    if not (known.any() and weight[known].sum() > 0.0):
        raise OperatorFault("the label has no net result: search by --objective loss")
    loss, weight = loss[known], weight[known]
    _, place = np.unique(task.rows.session_of[known], return_inverse=True)
    share = weight.sum() / (place.max() + 1)  # what a session holds on average: sessions that hold more count more
    return Score(name, float((loss * weight).sum() / weight.sum()), np.bincount(place, loss * weight) / share)


def _log_loss(task: Task, prediction: Float) -> tuple[Float, Float]:
    truth = task.rows.target.astype(np.int64)
    said = prediction[np.arange(len(truth)), truth] if prediction.ndim > 1 else np.where(truth > 0, prediction, 1.0 - prediction)
    return -np.log(np.clip(said, _TINY, 1.0)), np.ones(len(truth))


def _net(task: Task, prediction: Float) -> tuple[Float, Float]:
    """What each row loses in bps, and 1 where it is followed."""
    net = task.net
    if prediction.ndim > 1:
        if net.ndim == 1:
            return np.full(len(net), np.nan), np.zeros(len(net))
        with_flat = np.concatenate([net, np.zeros((len(net), max(0, prediction.shape[1] - net.shape[1])))], axis=1)
        return -1e4 * with_flat[np.arange(len(net)), prediction.argmax(axis=1)], np.ones(len(net))
    return -1e4 * net, (prediction >= np.quantile(prediction, 1.0 - _FOLLOWED)).astype(np.float64)
