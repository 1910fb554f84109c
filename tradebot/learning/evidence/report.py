"""The honesty report: everything that is known of one run's edge, or of its absence, as plain values."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradebot.learning.evidence.arrays import Float, sharpe_of
from tradebot.learning.evidence.inputs import EvidenceInput, Null
from tradebot.learning.evidence.nulls import beyond_market, delay_gains_p, sign_flip
from tradebot.learning.evidence.pbo import Overfitting, overfitting, without_twins
from tradebot.learning.evidence.sharpe import (
    ANNUAL,
    bootstrap_interval,
    deflated_sharpe,
    expected_max_sharpe,
    interval,
    min_backtest_years,
    min_track_record_sessions,
    moments_of,
    probabilistic_sharpe,
    refuse_best_of,
)
from tradebot.learning.evidence.spa import superior_ability
from tradebot.learning.evidence.targets import achievement, cost_sensitivity, drawdown_max, total_return, trade_figures
from tradebot.learning.evidence.verdict import Findings, Verdict, judge

MARKETS = ("buy_and_hold", "equal_weight")


@dataclass(frozen=True, slots=True)
class HonestyReport:
    """`sharpe` is empty where `sharpe_refused` says why it may not be shown. All else is plain: mappings of numbers, lists of mappings."""

    profile: str
    source: str
    first: str
    last: str
    sessions: int
    verdict: Verdict
    sharpe: dict[str, float | None]
    sharpe_refused: str
    trials: dict[str, float | int | None]
    overfitting: dict[str, Any]
    superiority: dict[str, Any]
    nulls: list[dict[str, Any]]
    benchmarks: list[dict[str, Any]]
    strategies: list[dict[str, Any]]
    costs: list[dict[str, Any]]
    target: dict[str, float | None]
    risk: dict[str, float | None]
    trades: dict[str, float | int]

    def plain(self) -> dict[str, Any]:
        """For JSON: an infinite or undefined number is None."""
        tree: dict[str, Any] = _plain(dataclasses.asdict(self))
        return tree


def build_report(inputs: EvidenceInput) -> HonestyReport:
    """Everything from plain arrays; takes a second for a year. Raises nothing that `EvidenceInput` has let pass."""
    net, gross = inputs.net, inputs.gross
    sessions = len(net)
    trials = dataclasses.replace(inputs.trials, variance=max(inputs.trials.variance, 1.0 / max(sessions, 1)))  # luck on this history
    moments = moments_of(net)
    columns, names = _strategies(inputs)
    overfit = overfitting(without_twins(inputs.configurations) if inputs.configurations is not None else net[:, None])
    superior = superior_ability(columns, names, draws=inputs.draws, seed=inputs.seed)
    nulls = _nulls(inputs)
    delay_p = delay_gains_p(net, inputs.delayed, inputs.draws, inputs.seed) if inputs.delayed is not None else None
    costs = cost_sensitivity(net, gross)
    verdict = judge(
        Findings(
            out_of_sample=inputs.out_of_sample,
            zero_cost=inputs.zero_cost,
            sessions=sessions,
            moments=moments,
            trials=trials,
            overfitting=overfit,
            superiority=superior,
            nulls=nulls,
            delay_p=delay_p,
            total_1x=costs[1].total_fraction,
            total_2x=costs[2].total_fraction,
        )
    )
    refused = refuse_best_of(trials.effective, sessions) or ""
    rows = [dataclasses.asdict(case) for case in costs]
    return HonestyReport(
        profile=inputs.profile,
        source=inputs.source,
        first=inputs.dates[0].isoformat() if sessions else "",
        last=inputs.dates[-1].isoformat() if sessions else "",
        sessions=sessions,
        verdict=verdict,
        sharpe={} if refused else _sharpe(inputs),
        sharpe_refused=refused,
        trials={
            "trials": trials.trials,
            "effective": trials.effective,
            "variance_daily": trials.variance,
            "luck_sharpe_annual": expected_max_sharpe(trials.effective, trials.variance) * ANNUAL,
            "min_backtest_years": min_backtest_years(trials.effective),
            "deflated_sharpe": deflated_sharpe(moments, trials.effective, trials.variance) if moments is not None else None,
        },
        overfitting=_overfitting(overfit),
        superiority={"why": superior} if isinstance(superior, str) else dataclasses.asdict(superior),
        nulls=[*(_null(null) for null in nulls), *_delay(inputs, delay_p)],
        benchmarks=_benchmarks(inputs),
        strategies=[_earned(name, columns[:, k], bool(refused)) for k, name in enumerate(names)],
        costs=[row | {"sharpe_annual": None} for row in rows] if refused else rows,
        target={
            "return_fraction": inputs.target.return_fraction,
            "window_sessions": inputs.target.window_sessions,
            "achieved_share": achievement(net, inputs.target),
        },
        risk={
            "total_fraction": total_return(net),
            "drawdown_max_fraction": drawdown_max(net),
            "turnover_a_session": float(inputs.turnover.mean()) if inputs.turnover is not None and sessions else None,
        },
        trades=dataclasses.asdict(trade_figures(inputs.trades)) if inputs.trades is not None else {},
    )


def _strategies(inputs: EvidenceInput) -> tuple[Float, tuple[str, ...]]:
    """The strategies and what was made of them all."""
    if inputs.by_strategy is None:
        return inputs.net[:, None], ("net",)
    return np.column_stack((inputs.net, inputs.by_strategy)), ("net", *inputs.strategies)


def _nulls(inputs: EvidenceInput) -> list[Null]:
    """Those that came along, and those that daily returns are enough for."""
    found = [*inputs.nulls, sign_flip(inputs.net, inputs.gross, inputs.draws, inputs.seed)]
    for name in MARKETS:
        if name in inputs.benchmarks:
            beyond = beyond_market(inputs.net, inputs.benchmarks[name], f"beyond_{name}")
            found += [beyond] if beyond is not None else []
    return found


def _sharpe(inputs: EvidenceInput) -> dict[str, float | None]:
    moments = moments_of(inputs.net)
    if moments is None:
        return {}
    normal, drawn = interval(moments), bootstrap_interval(inputs.net, inputs.draws, inputs.seed)
    return {
        "daily": moments.sharpe,
        "annual": moments.sharpe * ANNUAL,
        "low_annual": normal.low_annual,
        "high_annual": normal.high_annual,
        "bootstrap_low_annual": drawn.low_annual,
        "bootstrap_high_annual": drawn.high_annual,
        "skew": moments.skew,
        "kurtosis": moments.kurtosis,
        "probabilistic_sharpe": probabilistic_sharpe(moments),
        "min_track_record_sessions": min_track_record_sessions(moments),
    }


def _overfitting(found: Overfitting | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"why": found}
    return {
        "pbo": found.pbo,
        "logit_median": float(np.median(found.logits)),
        "logit_low": float(np.quantile(found.logits, 0.05)),
        "logit_high": float(np.quantile(found.logits, 0.95)),
        "degradation_slope": found.slope,
        "loss_share": found.loss,
        "blocks": found.blocks,
        "configurations": found.configurations,
        "note": found.note,
    }


def _null(null: Null) -> dict[str, Any]:
    drawn = null.draws
    return {
        "name": null.name,
        "statistic": null.statistic,
        "observed": null.observed,
        "null_mean": float(drawn.mean()) if len(drawn) else None,
        "null_95": float(np.quantile(drawn, 0.95)) if len(drawn) else None,
        "draws": len(drawn),
        "p": null.p,
        "note": null.note,
    }


def _delay(inputs: EvidenceInput, p: float | None) -> list[dict[str, Any]]:
    """The signal a bar late, in the same columns: here a small p is bad news."""
    if inputs.delayed is None or p is None or not len(inputs.net):
        return []
    note = "p of a delay that earns nothing: small is bad"
    ours, late = float(inputs.net.mean()), float(inputs.delayed.mean())
    return [{"name": "lag_1", "statistic": "mean of a session", "observed": ours, "null_mean": late, "p": p, "note": note}]


def _benchmarks(inputs: EvidenceInput) -> list[dict[str, Any]]:
    cash = np.zeros(len(inputs.net))
    return [_earned(name, returns, False) for name, returns in {**inputs.benchmarks, "cash": cash}.items()]


def _earned(name: str, returns: Float, refused: bool) -> dict[str, Any]:
    ratio = float(sharpe_of(returns)) * ANNUAL if len(returns) > 1 else 0.0
    return {
        "name": name,
        "total_fraction": total_return(returns),
        "drawdown_max_fraction": drawdown_max(returns),
        "sharpe_annual": None if refused else ratio,
    }


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
