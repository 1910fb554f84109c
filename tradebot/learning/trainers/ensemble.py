"""An ensemble: members of several kinds, joined by what each of them said of rows that it had not learned from.

The training rows are cut into FOLDS purged folds; every member answers each fold from the others. On those answers

    weighted   shares by skill: how much less log loss a member has than the base rate, or what its positions earn after cost; a member
               without skill gets none, and if none has any, all get the same
    stacked    logistic regression on the members' log odds, or ridge regression of the target, in its standard deviations, on their
               positions (Wolpert 1992; Breiman 1996)

The members that serve are fitted on all training rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.learning.config import Kind, TrainingConfig
from tradebot.learning.splits import purged_k_fold
from tradebot.learning.trainers.catalogue import SINGLE
from tradebot.learning.trainers.trainer import Fitted, Rows, proven
from tradebot.serving.artefacts.ensemble import EnsembleArtefact, Joint

FOLDS: Final = 4
_TINY: Final = 1e-6
Say = Callable[[str], None]


def fit(train: Rows, watch: Rows, config: TrainingConfig, say: Say) -> Fitted:
    """Raises OperatorFault for members that can't be joined and for too few rows to make folds of."""
    _refuse(config.members)
    answers, tested, answer = _out_of_fold(train, watch, config, say)
    held = train.where(tested)
    joint = (_stacked if config.combine == "stacked" else _weighted)(answers[tested], held, answer)
    said = ", ".join(f"{kind} {weight:.3f}" for kind, weight in zip(config.members, joint.weights, strict=True))
    say(f"ensemble, {config.combine} on {len(held)} out-of-fold rows: {said}")
    fitted = [_member(kind, train, watch, config, say) for kind in config.members]
    artefact = EnsembleArtefact(tuple(config.members), tuple(f.artefact for f in fitted), joint)
    members = [proven(f) for f in fitted]
    return Fitted(artefact, lambda rows: joint.of(np.column_stack([member(rows) for member in members]), answer))


def _refuse(members: tuple[str, ...]) -> None:
    if len(members) < 2:
        raise OperatorFault("an ensemble needs at least two kinds in model.members")
    strange = [kind for kind in members if kind not in SINGLE]
    if strange:
        raise OperatorFault(f"a model of kind {strange[0]} can't be a member of an ensemble (members: {', '.join(SINGLE)})")
    if len(set(members)) != len(members):
        raise OperatorFault("an ensemble names a kind twice in model.members")


def _member(kind: str, train: Rows, watch: Rows, config: TrainingConfig, say: Say) -> Fitted:
    return SINGLE[kind](train, watch, replace(config, kind=cast(Kind, kind)), say)


def _out_of_fold(train: Rows, watch: Rows, config: TrainingConfig, say: Say) -> tuple[Float, np.ndarray, Answer]:
    """Answers (R, M), which rows (R,) have them, and what they are."""
    assert train.end_ns is not None, "folds are purged by when labels were known"
    answers = np.full((len(train), len(config.members)), np.nan)
    seen: set[Answer] = set()
    splits = purged_k_fold(train.minute_ns, train.end_ns, train.session_of, FOLDS, config.embargo_sessions)
    for number, split in enumerate(splits):
        say(f"ensemble: fold {number + 1} of {len(splits)}")
        others, fold = train.where(split.train), train.where(split.test)
        if others.target.min() == others.target.max():
            raise OperatorFault(f"fold {number + 1} of {len(splits)} leaves rows of one target only: an ensemble needs more data")
        for m, kind in enumerate(config.members):
            fitted = _member(kind, others, watch, config, _silent)
            answers[split.test, m] = fitted.artefact.predictor()(fold.values)
            seen.add(fitted.artefact.answer)
    if len(seen) != 1 or "classes" in seen:
        raise OperatorFault(f"the members of an ensemble answer with {' and '.join(sorted(seen))}: they can't be joined")
    return answers, np.isfinite(answers).all(axis=1), seen.pop()


def _weighted(answers: Float, rows: Rows, answer: Answer) -> Joint:
    """Shares by skill."""
    if answer == "probability":
        base = np.average(rows.target, weights=rows.weight)
        skill = np.array([_log_loss(np.full(len(rows), base), rows)] * answers.shape[1]) - [_log_loss(said, rows) for said in answers.T]
    else:
        cost = np.zeros(len(rows)) if rows.cost is None else rows.cost
        skill = np.array([np.average(said * rows.target - np.abs(said) * cost, weights=rows.weight) for said in answers.T])
    shares = np.maximum(skill, 0.0)
    shares = shares / shares.sum() if shares.sum() > 0.0 else np.full(len(shares), 1.0 / len(shares))
    return Joint("weighted", tuple(float(x) for x in shares))


def _stacked(answers: Float, rows: Rows, answer: Answer) -> Joint:
    """The regression of the target on what the members say."""
    if answer == "probability":
        from sklearn.linear_model import LogisticRegression

        inside = np.clip(answers, _TINY, 1.0 - _TINY)
        model = LogisticRegression().fit(np.log(inside / (1.0 - inside)), rows.target.astype(np.int8), rows.weight)
        return Joint("stacked", tuple(float(x) for x in model.coef_[0]), float(model.intercept_[0]))
    from sklearn.linear_model import Ridge

    ridge = Ridge().fit(answers, rows.target / rows.target.std(), rows.weight)
    return Joint("stacked", tuple(float(x) for x in ridge.coef_), float(ridge.intercept_))


def _log_loss(said: Float, rows: Rows) -> float:
    inside = np.clip(said, _TINY, 1.0 - _TINY)
    return float(-np.average(rows.target * np.log(inside) + (1.0 - rows.target) * np.log(1.0 - inside), weights=rows.weight))


def _silent(_: str) -> None:
    pass
