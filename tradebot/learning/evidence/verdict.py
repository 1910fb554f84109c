"""One word on a run, NO EVIDENCE, PROMISING or EVIDENCE, and the first reason why it is no better.

EVIDENCE asks for every gate. PROMISING asks that the run was honest, probably positive after cost, and better than the nulls; it says what
is missing. Everything else, anything degenerate included, is NO EVIDENCE. FIELD.md section 3.1 sets the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tradebot.learning.evidence.inputs import Null, TrialCount
from tradebot.learning.evidence.pbo import Overfitting
from tradebot.learning.evidence.sharpe import (
    Moments,
    deflated_sharpe,
    min_track_record_sessions,
    probabilistic_sharpe,
    refuse_best_of,
)
from tradebot.learning.evidence.spa import Superiority

Word = Literal["NO EVIDENCE", "PROMISING", "EVIDENCE"]
SESSIONS_MIN: Final = 20
PSR_MIN: Final = 0.90
DSR_MIN: Final = 0.95
PBO_MAX: Final = 0.20
SPA_P_MAX: Final = 0.05
NULL_P_MAX: Final = 0.05
NULL_P_PROMISING: Final = 0.10
DELAY_P_MIN: Final = 0.01  # a leak alarm: the run is thrown out, so it may rarely be wrong
LUCK_IN_TIME: Final = frozenset({"random_entries", "rotated_predictions", "shuffled_labels"})
"""Nulls that ask whether the moments were well chosen: one of them at least must have been run."""


@dataclass(frozen=True, slots=True)
class Gate:
    """`promising` gates stand between NO EVIDENCE and PROMISING, the others between that and EVIDENCE. `figure` None: not known."""

    name: str
    passed: bool
    figure: float | None
    bound: float | None
    sentence: str
    promising: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    word: Word
    reason: str
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a verdict weighs. `overfitting` and `superiority` may be the sentence that says why there is none."""

    out_of_sample: bool
    zero_cost: bool
    sessions: int
    moments: Moments | None
    trials: TrialCount
    overfitting: Overfitting | str
    superiority: Superiority | str
    nulls: Sequence[Null]
    delay_p: float | None
    total_1x: float
    total_2x: float


def judge(found: Findings) -> Verdict:
    """Never raises: what can't be computed is a gate that isn't passed."""
    gates = (*_honest(found), *_likely(found), *_proved(found))
    failed = next((gate for gate in gates if not gate.passed), None)
    if failed is None:
        return Verdict("EVIDENCE", "every gate is passed", gates)
    if all(gate.passed for gate in gates if gate.promising):
        return Verdict("PROMISING", failed.sentence, gates)
    return Verdict("NO EVIDENCE", failed.sentence, gates)


def _honest(found: Findings) -> list[Gate]:
    n = found.sessions
    defined = found.moments is not None
    return [
        Gate("out_of_sample", found.out_of_sample, None, None, "in sample: it was learned from what it was judged on", True),
        Gate("cost", not found.zero_cost, None, None, "the run was asked to cost nothing", True),
        Gate("sessions", n >= SESSIONS_MIN, float(n), float(SESSIONS_MIN), f"too short: {n} sessions, {SESSIONS_MIN} needed", True),
        Gate(
            "varies",
            defined or n < SESSIONS_MIN,
            None,
            None,
            "its returns don't vary, or too wildly for a Sharpe ratio to mean anything",
            True,
        ),
        Gate(
            "delay",
            found.delay_p is None or found.delay_p >= DELAY_P_MIN,
            found.delay_p,
            DELAY_P_MIN,
            "acting a bar later earns more: the signal may know what it can't",
            True,
        ),
    ]


def _likely(found: Findings) -> list[Gate]:
    psr = probabilistic_sharpe(found.moments) if found.moments is not None else None
    worst = max(found.nulls, key=lambda null: null.p, default=None)
    in_time = any(null.name in LUCK_IN_TIME for null in found.nulls)
    worst_p = worst.p if worst is not None else None
    worst_name = worst.name if worst is not None else "no null model"
    return [
        Gate(
            "positive",
            found.total_1x > 0.0,
            found.total_1x,
            0.0,
            f"it lost money after cost: {found.total_1x:.2%}" if found.total_1x else "it earned nothing after cost",
            True,
        ),
        Gate("psr", psr is not None and psr >= PSR_MIN, psr, PSR_MIN, _below("the probabilistic Sharpe ratio", psr, PSR_MIN), True),
        Gate("nulls_run", in_time, None, None, "no null model of random moments was run beside it", True),
        Gate(
            "nulls_10",
            worst_p is not None and worst_p < NULL_P_PROMISING,
            worst_p,
            NULL_P_PROMISING,
            f"{worst_name} does as well: p = {worst_p or 1.0:.3f}",
            True,
        ),
    ]


def _proved(found: Findings) -> list[Gate]:
    moments, trials = found.moments, found.trials
    needed = min_track_record_sessions(moments) if moments is not None else math.inf
    dsr = deflated_sharpe(moments, trials.effective, trials.variance) if moments is not None else None
    refusal = refuse_best_of(trials.effective, found.sessions)
    worst = max(found.nulls, key=lambda null: null.p, default=None)
    more = "no number of sessions is enough" if math.isinf(needed) else f"{needed:.0f} needed for its own Sharpe ratio"
    return [
        Gate("min_track_record", found.sessions >= needed, float(found.sessions), needed, f"too short: {found.sessions} sessions, {more}"),
        Gate("min_backtest", refusal is None, float(trials.effective), None, f"too short: {refusal}"),
        Gate(
            "dsr",
            dsr is not None and dsr >= DSR_MIN,
            dsr,
            DSR_MIN,
            _below(f"the Sharpe ratio deflated by {trials.effective} trials", dsr, DSR_MIN),
        ),
        _overfit(found),
        _superior(found),
        Gate(
            "nulls",
            worst is not None and worst.p < NULL_P_MAX,
            worst.p if worst is not None else None,
            NULL_P_MAX,
            f"{worst.name if worst else 'no null model'} comes near: p = {worst.p if worst else 1.0:.3f}, below {NULL_P_MAX:g} needed",
        ),
        Gate("cost_2x", found.total_2x > 0.0, found.total_2x, 0.0, f"at twice the cost it loses: {found.total_2x:.2%}"),
    ]


def _overfit(found: Findings) -> Gate:
    match found.overfitting:
        case Overfitting(pbo=pbo):
            return Gate(
                "pbo", pbo <= PBO_MAX, pbo, PBO_MAX, f"the choice of the configuration is overfit: PBO {pbo:.2f}, at most {PBO_MAX:g}"
            )
        case why:
            alone = found.trials.effective == 1
            return Gate("pbo", alone, None, PBO_MAX, why if alone else f"overfitting is not known: {why}, yet there were more trials")


def _superior(found: Findings) -> Gate:
    match found.superiority:
        case Superiority(consistent=p):
            return Gate("spa", p < SPA_P_MAX, p, SPA_P_MAX, f"the best strategy may be luck: SPA p = {p:.3f}, below {SPA_P_MAX:g} needed")
        case why:
            return Gate("spa", False, None, SPA_P_MAX, f"superior ability is not known: {why}")


def _below(what: str, figure: float | None, bound: float) -> str:
    return f"{what} is not defined" if figure is None else f"{what} holds with probability {figure:.3f}, {bound:g} needed"
