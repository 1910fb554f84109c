"""The search itself: Optuna's TPE over a purged k-fold, each trial on disk before the next begins.

Trial k draws with the seed `seed + k` from what the trials before it found, so a search that was cut off and goes on makes the trials that
it would have made. The first is the profile's own values. A trial is given up after the second fold or later when its score so far is
worse than the median of the others' at that fold. (Bergstra et al. 2011, TPE; Akiba et al. 2019, Optuna.)
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.search.space import Knob, Value
from tradebot.learning.search.task import Objective, Score, Task, scored
from tradebot.learning.splits import Split, purged_k_fold

if TYPE_CHECKING:
    import optuna

_FIRST_RANDOM: Final = 10  # TPE begins to model after so many
_NOT_PRUNED: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search is run. `identity` is what makes its trials comparable: the rows, the question and all that isn't turned."""

    space: tuple[Knob, ...]
    own: Mapping[str, Value]  # the profile's values
    trials: int
    folds: int
    embargo_sessions: int
    objective: Objective
    seed: int
    identity: Mapping[str, Any]

    @property
    def name(self) -> str:
        """A study of its own for everything that its scores depend on."""
        about = {
            **self.identity,
            "space": [[k.key, k.low, k.high, k.whole, k.log, list(k.choices)] for k in self.space],
            "own": dict(self.own),
            "folds": self.folds,
            "embargo_sessions": self.embargo_sessions,
            "objective": self.objective,
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Tried:
    """One finished trial. `score` is over all folds, or over those before it was given up (`pruned`)."""

    number: int  # from 0: the profile's own values
    values: dict[str, Value]
    score: float
    by_session: Float  # (S,), empty when given up
    pruned: bool


Note = Callable[[Tried], None]


class Study:
    """The trials of a plan in an SQLite file. Raises OperatorFault when the file is none of ours."""

    def __init__(self, path: Path, plan: Plan) -> None:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.plan = plan
        pruner = optuna.pruners.MedianPruner(n_startup_trials=_NOT_PRUNED, n_warmup_steps=1)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
            self._study = optuna.create_study(
                storage=storage, study_name=plan.name, pruner=pruner, direction="minimize", load_if_exists=True
            )
        except (SQLAlchemyError, OSError, RuntimeError) as error:
            raise OperatorFault(f"{path}: the trials of the search can't be kept here ({str(error).splitlines()[0]})") from error
        for trial in self._study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # it was cut off

    def tried(self) -> tuple[Tried, ...]:
        """Finished trials in order."""
        import optuna

        done = self._study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED])
        return tuple(_tried(k, trial) for k, trial in enumerate(done))

    def run(self, task: Task, note: Note, progress: Callable[[int, int], None]) -> None:
        """Make the trials that are missing. `note` hears of each when it is finished, before it counts as such.

        An interrupt leaves all finished trials; the one under way is made again. Raises OperatorFault when the profile's own values can't
        be learned with.
        """
        import optuna

        rows = task.rows
        folds = purged_k_fold(rows.minute_ns, task.end_ns, rows.session_of, self.plan.folds, self.plan.embargo_sessions)
        done = len(self.tried())
        for k in range(done, self.plan.trials):
            progress(k, self.plan.trials)
            self._study.sampler = optuna.samplers.TPESampler(seed=self.plan.seed + k, n_startup_trials=_FIRST_RANDOM)
            if k == 0:
                self._study.enqueue_trial(dict(self.plan.own))
            trial = self._study.ask()
            values = {knob.key: knob.drawn(trial) for knob in self.plan.space}
            found = self._tried(task, folds, k, values, trial)
            note(found)
            trial.set_user_attr("score", found.score)
            trial.set_user_attr("by_session", found.by_session.tolist())
            if found.pruned:
                self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            else:
                self._study.tell(trial, found.score)
        progress(self.plan.trials, self.plan.trials)

    def remembered(self, key: str) -> Any:
        """What `remember` kept under a key, None without it."""
        return self._study.user_attrs.get(key)

    def remember(self, key: str, value: Any) -> None:
        """Keep a plain value with the trials."""
        self._study.set_user_attr(key, value)

    def _tried(self, task: Task, folds: Sequence[Split], k: int, values: dict[str, Value], trial: optuna.Trial) -> Tried:
        """Values that can't be learned with are given up at once, with an infinite score, unless they are the profile's own."""
        try:
            score, pruned = self._folded(task, folds, values, trial)
        except OperatorFault:
            if k == 0:
                raise
            return Tried(k, values, math.inf, np.zeros(0), True)
        return Tried(k, values, score.figure, np.zeros(0) if pruned else score.by_session, pruned)

    def _folded(self, task: Task, folds: Sequence[Split], values: Mapping[str, Value], trial: optuna.Trial) -> tuple[Score, bool]:
        """The score out of fold, and whether the trial was given up before the last fold."""
        prediction: Float | None = None
        there = np.zeros(len(task.rows), np.bool_)
        for i, fold in enumerate(folds):
            said = task.learn(values, task.rows.where(fold.train))(task.rows.values[fold.test])
            if prediction is None:
                prediction = np.full((len(task.rows), *said.shape[1:]), np.nan)
            prediction[fold.test] = said
            there |= fold.test
            score = scored(task.part(there), prediction[there], self.plan.objective)
            trial.report(score.figure, i)
            if i + 1 < len(folds) and trial.should_prune():
                return score, True
        return score, False


def _tried(number: int, trial: optuna.trial.FrozenTrial) -> Tried:
    import optuna

    pruned = trial.state is optuna.trial.TrialState.PRUNED
    return Tried(number, dict(trial.params), float(trial.user_attrs["score"]), np.array(trial.user_attrs["by_session"]), pruned)
