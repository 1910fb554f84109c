"""What the honesty report is made from: plain arrays, whoever computed them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.arrays import Float, Int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """Closed round trips, one a row (K,), money in dollars. `gross_usd` is what the same shares earned at the middle price; costs are
    positive. `symbol_of` counts in the columns of the price grid that the null models draw from.
    """

    symbol_of: Int
    entry_ns: Int
    exit_ns: Int
    notional_usd: Float  # at the entry
    gross_usd: Float
    spread_usd: Float
    fees_usd: Float
    impact_usd: Float
    borrow_usd: Float
    side: Int  # 1 long, -1 short

    def __len__(self) -> int:
        return len(self.entry_ns)

    @property
    def cost_usd(self) -> Float:
        return self.spread_usd + self.fees_usd + self.impact_usd + self.borrow_usd

    @property
    def net_usd(self) -> Float:
        return self.gross_usd - self.cost_usd


@dataclass(frozen=True, slots=True)
class TrialCount:
    """How often the data were looked at: all trials, how many of them are independent, and the variance of their daily Sharpe ratios."""

    trials: int
    effective: int
    variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """A model without skill beside ours. `observed` is our figure, `draws` (N,) theirs, `p` the share of theirs that is as good or better,
    counted as (1 + #) / (1 + N). A null without draws, such as a regression, has only its p.
    """

    name: str
    statistic: str
    observed: float
    draws: Float
    p: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the operator hopes for: `return_fraction` in every `window_sessions`."""

    return_fraction: float = 0.05
    window_sessions: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceInput:
    """Of one out-of-sample run. Per session (S,): `net` and `gross` returns (fractions of equity; gross is before every cost), `turnover`
    (traded notional over equity), `delayed` (net with every decision one bar later), `benchmarks` by name, such as buy_and_hold and
    equal_weight; cash is always there. `by_strategy` (S, K) are the strategies' own net returns. `configurations` (S, M) are the net
    returns of the trials between which somebody chose, ours among them, on the same sessions.
    """

    profile: str
    source: str  # which run: "walk_forward 20261125T..."
    out_of_sample: bool
    dates: tuple[dt.date, ...]
    net: Float
    gross: Float
    trials: TrialCount
    turnover: Float | None = None
    delayed: Float | None = None
    benchmarks: Mapping[str, Float] = field(default_factory=dict)
    strategies: tuple[str, ...] = ()
    by_strategy: Float | None = None
    configurations: Float | None = None
    trades: Trades | None = None
    nulls: tuple[Null, ...] = ()
    target: Target = field(default_factory=Target)
    zero_cost: bool = False  # the run was asked to cost nothing: then nothing is evidence
    draws: int = 1000
    seed: int = 7

    def __post_init__(self) -> None:
        """Raises OperatorFault for arrays of different lengths, and for returns that are not finite: they are no result."""
        per_session: dict[str, Float | None] = {
            "net": self.net,
            "gross": self.gross,
            "turnover": self.turnover,
            "delayed": self.delayed,
            "by_strategy": self.by_strategy,
            "configurations": self.configurations,
            **self.benchmarks,
        }
        for name, values in per_session.items():
            if values is None:
                continue
            if len(values) != len(self.dates):
                raise OperatorFault(f"{self.source}: {name} has {len(values)} rows for {len(self.dates)} sessions")
            if not np.isfinite(values).all():
                raise OperatorFault(f"{self.source}: {name} holds a number that is not finite: a run like this can't be judged")
        if self.by_strategy is not None and self.by_strategy.shape != (len(self.dates), len(self.strategies)):
            raise OperatorFault(f"{self.source}: by_strategy doesn't fit its {len(self.strategies)} names")
