"""Columns of pure noise must not matter out of sample: where they do, the test rows were learned by heart.

A few seeded noise columns stand beside the features in a small training. A column's importance is the skill that is lost on the test
rows when its values change places inside their session (permutation importance; Breiman 2001). Of a noise column that loss is as often
a gain, whatever the market. The alarm rings when noise ranks in the top half *and* its loss, session by session, is beyond luck: on
a market without anything to learn all columns rank as noise, and that alone is no leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig, not_measured
from tradebot.learning.alarms.case import Case, Predict, asked_out_of_sample, bound_of, skill_of
from tradebot.learning.alarms.label_shuffle import shuffled
from tradebot.learning.trainers.trainer import Rows

NAME = "noise_feature"
_TOP = 0.5


def noise_feature(case: Case, config: AlarmConfig) -> Alarm:
    """`figure` is how far down noise ranks on average, 0 = first and 1 = last of the features; `bound` 0.5."""
    random = np.random.default_rng(config.seed)
    features = case.rows.values.shape[1]
    noise = random.normal(size=(len(case.rows), config.noise_columns))
    wide = replace(case.rows, values=np.concatenate([case.rows.values, noise], axis=1))
    columns = range(features + config.noise_columns)
    try:
        measured = [_lost(case, predict, wide.where(at), columns, random) for predict, at in asked_out_of_sample(case, wide, config)]
        name, lost = measured[0][0], np.concatenate([found for _, found in measured], axis=1)
        lost = lost[:, np.isfinite(lost).all(axis=0)]  # (F + noise, S)
        of_noise = lost[features:].mean(axis=0)
        bound = bound_of(of_noise, config, config.skill_min)
    except OperatorFault as fault:
        return not_measured(NAME, str(fault))
    importance = lost.mean(axis=1)
    above = (importance[:features][None] > importance[features:, None]).mean(axis=1)  # share of features that rank above each
    rank, matters = float(above.mean()), float(of_noise.mean())
    told = f"noise ranks below {rank:.0%} of {features} features and is worth {matters:+.4f} {name}; up to +{bound:.4f} is luck"
    return Alarm(NAME, rank < _TOP and matters > bound, rank, _TOP, told)


def _lost(case: Case, predict: Predict, test: Rows, columns: Sequence[int], random: np.random.Generator) -> tuple[str, Float]:
    """The skill's name, and (F + noise, S) how much of each session's is lost with each column."""
    whole = skill_of(case, predict(test.values), test)
    return whole.name, np.array([whole.by_session - _without(case, predict, test, column, random) for column in columns])


def _without(case: Case, predict: Predict, test: Rows, column: int, random: np.random.Generator) -> Float:
    """Skill by session when a column's values have changed places."""
    values = test.values.copy()
    values[:, column] = shuffled(values[:, column], test.session_of, random)
    return skill_of(case, predict(values), test).by_session
