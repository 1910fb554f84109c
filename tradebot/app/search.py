"""`search`: which numbers of a profile's model score best out of fold, and how much of that is luck. It changes no profile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradebot.app.kernels import ready_kernels
from tradebot.app.question import Question, question_of, rows_identity, training_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.ledger import Ledger, record_trial
from tradebot.learning.search.luck import difference_error, luck_of
from tradebot.learning.search.space import as_toml, space_of, turned, value_in
from tradebot.learning.search.study import Plan, Study, Tried
from tradebot.learning.search.task import Objective, Score, Task, score_name, scored
from tradebot.learning.splits import time_split
from tradebot.settings import Settings, as_tree, load_settings, read_environment
from tradebot.shell.instance_lock import InstanceLock

Progress = Callable[[str, int, int], None]
FOLDS: Final = 5
_MEANS: Final = {
    "log_loss": "log loss out of fold, the smaller the better",
    "rank_correlation": "rank correlation inside sessions with its sign turned, the smaller the better",
    "net": "net loss in bps of a row that is followed, the smaller the better",
}


def search(
    profile: str,
    *,
    trials: int,
    bars: Path | None,
    until: dt.date | None = None,
    folds: int = FOLDS,
    objective: Objective = "loss",
    seed: int = 7,
    progress: Progress,
) -> dict[str, Any]:
    """Make the trials that are missing of a search over the profile's model; the report says what the best is worth.

    The last `model.test_fraction` of the sessions is never searched: it says what the best and the profile's own values come to on rows
    that chose neither. Each trial is a row of the trial ledger before it counts. Raises OperatorFault for what can't be learned from.
    """
    settings = load_settings(profile, read_environment())
    space = space_of(settings.model.kind, lambda key: value_in(settings.model, key))
    ready_kernels(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    question = question_of(settings, training_grid(settings, bars, until), lambda line: progress(line, 0, 0))
    task = question.task
    split = time_split(
        task.rows.minute_ns, task.end_ns, task.rows.session_of, settings.model.test_fraction, settings.model.embargo_sessions
    )
    searched, held = task.part(split.train), task.part(split.test)
    own = {knob.key: value_in(settings.model, knob.key) for knob in space}
    plan = Plan(space, own, trials, folds, settings.model.embargo_sessions, objective, seed, question.identity | rows_identity(searched))
    with _alone(search_path(settings)):
        study = Study(search_path(settings), plan)
        before = len(study.tried())
        study.run(searched, _noting(settings, question, searched, plan), _trials(progress, before))
        return _report(settings, question, searched, held, plan, study, before)


def search_path(settings: Settings) -> Path:
    """The trials of a profile's searches: beside the folder of bars."""
    return settings.data.folder.parent / "search" / f"{settings.profile}.db"


def _noting(settings: Settings, question: Question, searched: Task, plan: Plan) -> Callable[[Tried], None]:
    """Every trial becomes a row of the ledger."""
    ledger, base = Ledger(settings.trials_path), as_tree(settings)
    dates = _dates(question, searched)

    def note(found: Tried) -> None:
        tree = as_tree(replace(settings, model=turned(settings.model, found.values)))
        record_trial(
            ledger, what="search", profile=settings.profile, settings=tree, base=base, dates=dates, score=found.score,
            score_name=_score_name(searched, plan), outcome={"values": found.values, "score": found.score},
            note=f"search {plan.name} trial {found.number}{', given up' if found.pruned else ''}",
        )  # fmt: skip

    return note


def _report(settings: Settings, question: Question, searched: Task, held: Task, plan: Plan, study: Study, before: int) -> dict[str, Any]:
    tried = study.tried()
    whole = [t for t in tried if not t.pruned]
    first, best = tried[0], min(whole, key=lambda t: (t.score, t.number))
    luck = luck_of(first.score, best.score, first.by_session, [t.by_session for t in whole], len(tried))
    on_held = _held_out(settings, question, searched, held, plan, study, (first, best))
    ours, theirs = on_held[str(first.number)], on_held[str(best.number)]
    error = difference_error(np.array(ours["by_session"]), np.array(theirs["by_session"]))
    name, held_dates = _score_name(searched, plan), _dates(question, held)
    return {
        "profile": settings.profile,
        "kind": settings.model.kind,
        "label": question.identity["label"],
        "score": _MEANS[name],
        "rows": len(searched.rows),
        "sessions": len(_dates(question, searched)),
        "folds": plan.folds,
        "trials": len(tried),
        "made_now": len(tried) - before,
        "given_up": len(tried) - len(whole),
        "study": plan.name,
        "kept_in": str(search_path(settings)),
        "held_out_sessions": len(held_dates),
        "held_out": f"{held_dates[0]} to {held_dates[-1]}",
        "values": [
            {"which": "the profile's own", "trial": first.number, "score": first.score, "held_out": ours["score"]} | first.values,
            {"which": "the best of the trials", "trial": best.number, "score": best.score, "held_out": theirs["score"]} | best.values,
        ],
        "gain": luck.gain,
        "gain_by_luck": luck.luck,
        "held_out_gain": ours["score"] - theirs["score"],
        "held_out_error": error,
        "bias": f"the best score is the least of {len(tried)} and looks better than it is; the held-out score chose nothing",
        "verdict": _verdict(luck.gain, luck.luck, ours["score"] - theirs["score"], error, best.number == first.number),
        "toml": as_toml(best.values),
    }


def _verdict(gain: float, luck: float, held_gain: float, error: float | None, own_is_best: bool) -> str:
    if own_is_best:
        return "no trial was better than the profile's own values: keep them"
    if gain <= luck:
        return f"a gain of {gain:.4g} is no more than luck gives ({luck:.4g}): keep the profile's own values"
    if held_gain <= 0.0:
        return f"the gain of {gain:.4g} is gone on the held-out sessions ({held_gain:+.4g}): keep the profile's own values"
    sure = error is not None and held_gain > 2.0 * error
    return f"better by {gain:.4g}, and by {held_gain:.4g} on the held-out sessions, {'beyond' if sure else 'within'} two standard errors"


def _held_out(
    settings: Settings, question: Question, searched: Task, held: Task, plan: Plan, study: Study, asked: Sequence[Tried]
) -> dict[str, Any]:
    """Score and scores by session of some trials on the held-out rows, trained on all that was searched. Each is looked at once."""
    known: dict[str, Any] = study.remembered("held_out") or {}
    for trial in asked:
        if str(trial.number) not in known:
            score: Score = scored(held, searched.learn(trial.values, searched.rows)(held.rows.values), plan.objective)
            record_trial(
                Ledger(settings.trials_path), what="search", profile=settings.profile,
                settings=as_tree(replace(settings, model=turned(settings.model, trial.values))), base=as_tree(settings),
                dates=_dates(question, held), score=score.figure, score_name=score.name,
                outcome={"values": trial.values, "score": score.figure}, note=f"search {plan.name} trial {trial.number}, held out",
            )  # fmt: skip
            known = known | {str(trial.number): {"score": score.figure, "by_session": score.by_session.tolist()}}
            study.remember("held_out", known)
    return known


def _score_name(task: Task, plan: Plan) -> str:
    return score_name(task.answer, plan.objective)


def _dates(question: Question, task: Task) -> tuple[dt.date, ...]:
    return tuple(question.sessions[i] for i in np.unique(task.rows.session_of).tolist())


def _trials(progress: Progress, before: int) -> Callable[[int, int], None]:
    what = "trials" if not before else f"trials, {before} made before"
    return lambda done, total: progress(what, done, total)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One search of a profile at a time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorFault(f"{path.parent}: the trials of the search can't be kept here ({error.strerror or error})") from error
    lock = InstanceLock(path.with_name(f".{path.stem}.lock"))
    try:
        yield
    finally:
        lock.release()
