"""The gate between a new model and the market: better than the incumbent on rows that neither has seen, net, and no leak alarm.

The test is paired: both models are followed over the same rows, the differences are summed in blocks (sessions, or hours), and whole blocks
are drawn again with replacement (E. Carlstein, "The use of subseries values for estimating the variance of a general statistic from a
stationary sequence", Annals of Statistics 14 (1986)). The share of draws whose mean beats the margin is the confidence.

Flat, which earns nothing, is the incumbent of a profile that has none: its first model has to beat that. A profile may say that no alarm is
enough (`first = "no_alarm"`), and where gain is no money, as of regimes, it always is: only what serves can be watched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.promotion.config import PromotionConfig
from tradebot.learning.promotion.earnings import Earnings

BP: Final = 1e4
_DRAWS: Final = 2000
_HOUR_NS: Final = 60 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class Unit:
    """What a gain is counted in: `scale` gains are one `name`; and what it comes from."""

    name: str
    scale: float
    made_by: str


BP_OF_A_POSITION: Final = Unit("bp", BP, "trades")
NATS: Final = Unit("nats", 1.0, "forecasts")


@dataclass(frozen=True, slots=True)
class Contest:
    """Candidate and incumbent over the same R rows, in order of time, that neither has learned from.

    `incumbent` None: there is none, for the reason `no_incumbent`. `incumbent_id` names it.
    """

    minute_ns: Int  # (R,)
    session_of: Int  # (R,)
    candidate: Earnings
    incumbent: Earnings | None = None
    incumbent_id: str = ""
    no_incumbent: str = "no model traded before"
    unit: Unit = BP_OF_A_POSITION


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate trades from now on, why in one sentence, and the figures behind it."""

    promote: bool
    reason: str
    figures: dict[str, float | str | None]


def judge(contest: Contest, rang: Sequence[str], config: PromotionConfig) -> Verdict:
    """The verdict. `rang` are the sentences of the leak alarms that rang; one is enough to keep a candidate out."""
    figures = _figures(contest)
    if rang:
        return Verdict(False, f"leak alarm: {rang[0]}" + (f" (and {len(rang) - 1} more)" if len(rang) > 1 else ""), figures)
    flat = contest.incumbent is None
    if flat and (config.first == "no_alarm" or contest.unit is not BP_OF_A_POSITION):
        return Verdict(True, f"{contest.no_incumbent}: flat is the incumbent, and no alarm rang; {_own(contest, figures)}", figures)
    rows, difference = len(contest.minute_ns), contest.candidate.gain - (0.0 if contest.incumbent is None else contest.incumbent.gain)
    if rows < config.rows_min:
        unseen = "the model hasn't seen" if flat else "neither model has seen"
        return Verdict(False, f"{rows} rows that {unseen} are too few to judge on: {config.rows_min} are needed", figures)
    blocks, what = blocks_of(contest.minute_ns, contest.session_of, config.blocks_min)
    count, sessions = int(blocks.max()) + 1, len(np.unique(contest.session_of))
    figures |= {"blocks": count, "block": what}
    if count < config.blocks_min:
        return Verdict(False, f"{count} {what}s are too few to judge on: {config.blocks_min} are needed", figures)
    per_block = np.bincount(blocks, weights=difference, minlength=count).astype(np.float64)
    margin = config.margin_bps / BP if contest.unit is BP_OF_A_POSITION else 0.0
    confidence = share_above(per_block, margin * sessions / count, config.seed)
    figures |= {"confidence": confidence, "confidence_min": config.confidence, "margin_bps": config.margin_bps}
    mean = float(per_block.sum()) / sessions
    rival = f"flat ({contest.no_incumbent})" if flat else contest.incumbent_id
    better = f"{_said(abs(mean), contest.unit)} a session {'less' if mean < 0 else 'more'} than {rival}"
    detail = f"{better} over {count} {what}s, at confidence {confidence:.2f}"
    if confidence < config.confidence:
        return Verdict(False, f"not proven better: {detail}, {config.confidence:.2f} is needed", figures)
    return Verdict(True, f"better: {detail}", figures)


def blocks_of(minute_ns: Int, session_of: Int, blocks_min: int) -> tuple[Int, str]:
    """Which block each of R rows is in, 0..B-1, and what a block is: a session, or an hour when there are few sessions."""
    sessions, of = np.unique(session_of, return_inverse=True)
    if len(sessions) >= blocks_min:
        return of.astype(np.int64), "session"
    first_ns = np.array([minute_ns[of == s].min() for s in range(len(sessions))], np.int64)
    hour = (minute_ns - first_ns[of]) // _HOUR_NS
    _, block = np.unique(of * (hour.max(initial=0) + 1) + hour, return_inverse=True)
    return block.astype(np.int64), "hour"


def share_above(values: Float, bound: float, seed: int) -> float:
    """Share of bootstrap means of `values` (B,) above `bound`. Seeded: the same values give the same share."""
    draws = np.random.default_rng(seed).integers(0, len(values), (_DRAWS, len(values)))
    return float((values[draws].mean(axis=1) > bound).mean())


def _figures(contest: Contest) -> dict[str, float | str | None]:
    sessions = max(len(np.unique(contest.session_of)), 1)
    figures: dict[str, float | str | None] = {
        "rows": len(contest.minute_ns), "sessions": len(np.unique(contest.session_of)), "unit": contest.unit.name,
        "incumbent": contest.incumbent_id or None,
    }  # fmt: skip
    for name, earned in (("candidate", contest.candidate), ("incumbent", contest.incumbent)):
        if earned is not None:
            total = float(earned.gain.sum()) * contest.unit.scale
            figures[f"{name}_trades"] = earned.trades
            figures[f"{name}_net_per_session"] = total / sessions
            figures[f"{name}_net_per_trade"] = total / earned.trades if earned.trades else None
    return figures


def _own(contest: Contest, figures: dict[str, float | str | None]) -> str:
    if not len(contest.minute_ns):
        return "there is no row that it hasn't seen"
    sessions = len(np.unique(contest.session_of))
    earned = _said(float(contest.candidate.gain.sum()) / sessions, contest.unit)
    made = contest.unit.made_by
    return f"on {len(contest.minute_ns)} rows that it hasn't seen it earned {earned} a session in {figures['candidate_trades']} {made}"


def _said(gain: float, unit: Unit) -> str:
    return f"{gain * unit.scale:.2f} {unit.name}" if unit.scale > 1.0 else f"{gain * unit.scale:.3f} {unit.name}"
