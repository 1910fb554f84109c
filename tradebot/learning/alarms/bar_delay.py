"""A prediction that is one bar old can't be better than the one that is new: where it is, rows and outcomes are a bar apart.

Each row is judged by its own prediction and by that of the symbol's row one bar earlier, session by session: two alarms, one on the skill
(skill.py), one on the net result of the fifth of rows with the highest predictions (of the predicted class, where there are classes).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig, not_measured
from tradebot.learning.alarms.case import Case, Predict, asked_out_of_sample, bound_of, enough_held_out, skill_of, thinned
from tradebot.learning.trainers.trainer import Rows

SKILL, NET = "one_bar_delay", "one_bar_delay_net"
_FOLLOWED = 0.2  # of the rows, those with the highest predictions


def bar_delay(case: Case, config: AlarmConfig, predict: Predict | None = None) -> tuple[Alarm, Alarm]:
    """`figure` is the mean of (delayed - prompt) over sessions. `predict` is the fitted model; by default a small one is trained, and where
    too few sessions were held out several are (case.py)."""
    try:
        if predict is not None and enough_held_out(case, config):
            asked = [(predict, thinned(case, case.test, config))]
        else:
            asked = asked_out_of_sample(case, case.rows, config)
        at = np.concatenate([rows for _, rows in asked])
        said = np.concatenate([model(case.rows.values[rows]) for model, rows in asked])
        order = np.argsort(at, kind="stable")
        at, said = at[order], said[order]
        before = one_bar_before(case.rows.where(at))
        has = np.flatnonzero(before >= 0)
        if not len(has):
            raise OperatorFault("no row has one a bar before it")
        prompt, delayed, judged = said[has], said[before[has]], case.rows.where(at[has])
    except OperatorFault as fault:
        return not_measured(SKILL, str(fault)), not_measured(NET, str(fault))
    return _asked(lambda: _skill(case, prompt, delayed, judged, config), SKILL), _asked(
        lambda: _net(case.net[at[has]], prompt, delayed, judged, config), NET
    )


def one_bar_before(rows: Rows) -> Int:
    """(R,) the row of the same symbol and session one bar earlier, -1 where there is none. A bar is the smallest step that rows have."""
    order = np.lexsort((rows.minute_ns, rows.symbol_of, rows.session_of))
    step = np.diff(rows.minute_ns[order])
    same = (np.diff(rows.symbol_of[order]) == 0) & (np.diff(rows.session_of[order]) == 0)
    out = np.full(len(rows), -1, np.int64)
    if same.any():
        near = same & (step == step[same].min())
        out[order[1:][near]] = order[:-1][near]
    return out


def _asked(measure: Callable[[], Alarm], name: str) -> Alarm:
    try:
        return measure()
    except OperatorFault as fault:
        return not_measured(name, str(fault))


def _skill(case: Case, prompt: Float, delayed: Float, judged: Rows, config: AlarmConfig) -> Alarm:
    now, late = skill_of(case, prompt, judged), skill_of(case, delayed, judged)
    gained = late.by_session - now.by_session
    gained = gained[np.isfinite(gained)]
    bound, figure = bound_of(gained, config, config.skill_min), float(gained.mean())
    told = f"{now.name} {now.figure:.4f}, one bar late {late.figure:.4f}: {figure:+.4f} a session, +{bound:.4f} is luck"
    return Alarm(SKILL, figure > bound, figure, bound, told)


def _net(net: Float, prompt: Float, delayed: Float, judged: Rows, config: AlarmConfig) -> Alarm:
    earned = _followed(net, delayed, prompt) - _followed(net, prompt, prompt)
    known = np.isfinite(earned)
    if not known.any():
        raise OperatorFault("the label has no net result")
    sessions, place = np.unique(judged.session_of[known], return_inverse=True)
    rows = np.bincount(place)
    gained = np.bincount(place, earned[known]) / rows
    bound, figure = bound_of(gained, config), float(gained.mean())
    told = f"one bar late earns {1e4 * figure:+.3f} bps a row more over {len(sessions)} sessions, +{1e4 * bound:.3f} bps is luck"
    return Alarm(NET, figure > bound, figure, bound, told)


def _followed(net: Float, prediction: Float, reference: Float) -> Float:
    """What each row earns when `prediction` is followed; the threshold is that of `reference`."""
    if net.ndim > 1 and prediction.ndim > 1:
        with_flat = np.concatenate([net, np.zeros((len(net), max(0, prediction.shape[1] - net.shape[1])))], axis=1)
        return np.asarray(with_flat[np.arange(len(net)), prediction.argmax(axis=1)])
    if net.ndim > 1 or prediction.ndim > 1:
        return np.full(len(net), np.nan)
    return np.where(prediction >= np.quantile(reference, 1.0 - _FOLLOWED), net, np.where(np.isfinite(net), 0.0, np.nan))
