"""What every alarm of statistics is asked about: rows with their targets, the split, and a way to learn from rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.alarm import AlarmConfig
from tradebot.learning.alarms.skill import Answer, Skill, skill
from tradebot.learning.splits import purged_k_fold
from tradebot.learning.trainers.trainer import Rows

Predict = Callable[[Float], Float]
"""Rows (N, F) to (N,), or to (N, C) over classes."""
Learn = Callable[[Rows], Predict]
"""What a small training of the profile's kind makes of some rows, oldest first. Raises OperatorFault where it can't."""


@dataclass(frozen=True, slots=True)
class Case:
    """R rows in order of time. `train` and `test` are the training's own split; `net` is what following a row would have earned."""

    rows: Rows
    end_ns: Int  # (R,) when a label was known
    net: Float  # (R,) of being long, or (R, C) of following a class; NaN where that is not defined
    answer: Answer
    train: Bool  # (R,)
    test: Bool  # (R,)
    embargo_sessions: int
    learn: Learn


def thinned(case: Case, where: Bool, config: AlarmConfig) -> Int:
    """Indices of at most about `rows_max` of the rows `where`: whole sessions of symbols, drawn by the seed, in order of time."""
    at = np.flatnonzero(where)
    if len(at) <= config.rows_max:
        return at
    blocks = case.rows.session_of[at] * (int(case.rows.symbol_of.max()) + 1) + case.rows.symbol_of[at]
    names, sizes = np.unique(blocks, return_counts=True)
    drawn = np.random.default_rng(config.seed).permutation(len(names))
    few = drawn[: max(1, int(np.searchsorted(np.cumsum(sizes[drawn]), config.rows_max, side="right")))]
    return at[np.isin(blocks, names[few])]


def learn_from(case: Case, rows: Rows) -> Predict:
    """As the case learns. Raises OperatorFault where there is nothing to tell apart."""
    if not len(rows) or rows.target.min() == rows.target.max():
        raise OperatorFault(f"{len(rows)} rows have one and the same target")
    return case.learn(rows)


def asked_out_of_sample(case: Case, rows: Rows, config: AlarmConfig) -> list[tuple[Predict, Int]]:
    """Models with the rows that they may be asked about: the training's own split, or purged folds where too few sessions were held out.

    `rows` are the case's, perhaps with more columns. Every session is asked about by one model only. Raises OperatorFault.
    """
    if enough_held_out(case, config):
        return [(learn_from(case, rows.where(thinned(case, case.train, config))), thinned(case, case.test, config))]
    folds = purged_k_fold(rows.minute_ns, case.end_ns, rows.session_of, config.folds, case.embargo_sessions)
    share = replace(config, rows_max=max(1, config.rows_max // config.folds))
    return [
        (learn_from(case, rows.where(thinned(case, fold.train, config))), thinned(case, fold.test, share))
        for fold in folds
    ]  # fmt: skip


def enough_held_out(case: Case, config: AlarmConfig) -> bool:
    """Whether differences between the held-out sessions can tell anything."""
    return len(np.unique(case.rows.session_of[case.test])) >= config.sessions_enough


def skill_of(case: Case, prediction: Float, rows: Rows) -> Skill:
    """Raises OperatorFault where there is nothing to order."""
    try:
        return skill(prediction, rows.target, rows.session_of, case.answer)
    except ValueError as nothing:
        raise OperatorFault(str(nothing)) from nothing


def bound_of(differences: Float, config: AlarmConfig, at_least: float = 0.0) -> float:
    """What the mean of differences between sessions (S,), clean and independent, exceeds with the chance `false_alarm` (Student's t).

    Raises OperatorFault for too few sessions.
    """
    from scipy.special import stdtrit

    n = len(differences)
    if n < config.sessions_min:
        raise OperatorFault(f"{n} sessions to compare, {config.sessions_min} are needed")
    spread = float(differences.std(ddof=1) / np.sqrt(n))
    luck = float(stdtrit(n - 1, 1.0 - config.false_alarm))
    return max(luck * spread, at_least)
