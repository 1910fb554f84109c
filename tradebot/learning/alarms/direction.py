"""The past is not easier to predict from the future than the other way round: where it is, the later rows know what came before.

Sessions fall into three parts of equal length. One model learns from the first, one from the last, both are asked about the middle: the
same rows, so the difference is measured session by session. Where the earlier model is worse than none, the later one is held against
none: a relation that turned round is no leak. Both sides are purged by the labels' ends and kept the embargo apart.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.domain.bars import Bool
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig, not_measured
from tradebot.learning.alarms.case import Case, bound_of, learn_from, skill_of, thinned

NAME = "backward_in_time"


def direction(case: Case, config: AlarmConfig) -> Alarm:
    """`figure` is the mean, over the middle's sessions, of the skill learned from later rows less that learned from earlier ones."""
    try:
        before, middle, after = _parts(case, config)
        tested = case.rows.where(thinned(case, middle, config))
        forward, backward = (
            skill_of(case, learn_from(case, case.rows.where(thinned(case, side, config)))(tested.values), tested)
            for side in (before, after)
        )
        gained = backward.by_session - (forward.by_session if forward.excess > 0.0 else forward.chance)
        gained = gained[np.isfinite(gained)]
        bound = bound_of(gained, config, config.skill_min)
    except OperatorFault as fault:
        return not_measured(NAME, str(fault))
    figure = float(gained.mean())
    both = f"{forward.name} {forward.figure:.4f} forward, {backward.figure:.4f} backward in time"
    told = f"{both}: {figure:+.4f} a session, +{bound:.4f} is luck"
    return Alarm(NAME, figure > bound, figure, bound, told)


def _parts(case: Case, config: AlarmConfig) -> tuple[Bool, Bool, Bool]:
    """Rows before, in and after the middle third of the sessions."""
    sessions, rank = np.unique(case.rows.session_of, return_inverse=True)
    first, last = len(sessions) // 3, len(sessions) - len(sessions) // 3  # the middle is first <= rank < last
    gap = case.embargo_sessions
    if first <= gap or last - first < config.sessions_min:
        raise OperatorFault(f"{len(sessions)} sessions don't fall into three parts, {gap} apart, with {config.sessions_min} in the middle")
    middle = (rank >= first) & (rank < last)
    rows = case.rows
    before = (rank < first - gap) & (case.end_ns <= rows.minute_ns[middle].min())
    after = (rank >= last + gap) & (rows.minute_ns >= case.end_ns[middle].max())
    return np.asarray(before), np.asarray(middle), np.asarray(after)
