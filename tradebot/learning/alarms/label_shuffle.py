"""Labels shuffled inside their sessions can't be predicted: a training on them that still can has seen its test.

Training and test labels are shuffled alike, so that whatever carries a label from one side to the other carries the shuffled one: a row
on both sides, a trainer that keeps what it should not have. The skill's error under such shuffles is exact (skill.py); the mean of
several is held against it, on both sides.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig, not_measured
from tradebot.learning.alarms.case import Case, learn_from, skill_of, thinned

NAME = "label_shuffle"


def label_shuffle(case: Case, config: AlarmConfig) -> Alarm:
    """`figure` is the mean skill on shuffled labels beyond chance, without its sign; `bound` what luck exceeds with `false_alarm`."""
    from scipy.special import ndtri

    train, test = thinned(case, case.train, config), thinned(case, case.test, config)
    random = np.random.default_rng(config.seed)
    found = []
    try:
        for _ in range(config.shuffles):
            rows = replace(case.rows, target=shuffled(case.rows.target, case.rows.session_of, random))
            tested = rows.where(test)
            found.append(skill_of(case, learn_from(case, rows.where(train))(tested.values), tested))
    except OperatorFault as fault:
        return not_measured(NAME, str(fault))
    excess = float(np.mean([s.excess for s in found]))
    error = float(np.sqrt(np.sum([s.error**2 for s in found]))) / len(found)
    bound = float(-ndtri(config.false_alarm / 2.0)) * error
    name, chance = found[0].name, found[0].chance
    told = f"{name} {chance + excess:.4f} on shuffled labels, {chance:g} +- {bound:.4f} is luck ({len(found)} shuffles)"
    return Alarm(NAME, abs(excess) > bound, abs(excess), bound, told)


def shuffled(target: Float, session_of: Int, random: np.random.Generator) -> Float:
    """`target` (R,), its values in another order inside each session."""
    by_session = np.argsort(session_of, kind="stable")
    drawn = np.lexsort((random.random(len(target)), session_of))
    out = np.empty_like(target)
    out[by_session] = target[drawn]
    return out
