"""What a profile decides about sizes. Without a kernel: settings are read by commands that must answer at once.

`[sizing] rule` names the rule, and the section of that name holds its numbers. Beside it may stand what any rule's size goes through:
`leverage` multiplies it, `half_kelly` is the most that a strategy's record bears, `combination` gives each strategy its share, `portfolio`
scales what would make the whole too volatile, `no_trade` leaves out what doesn't pay its cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le, Lt

Share = Annotated[float, Gt(0), Le(1)]
Rule = Literal["equity_fraction", "risk_fraction", "kelly", "volatility_target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFractionConfig:
    """`fraction` of equity is what is lost at the stop (SYSTEMS.md sections 3 and 4).

    `by_conviction`: times the conviction. `var_fraction_max`: times 1 - min(VaR / this, 1), the VaR of what is held in one day at 95%, as
    a fraction of equity; 0 leaves it out.
    """

    fraction: Annotated[float, Gt(0), Le(0.1)]
    by_conviction: bool = False
    var_fraction_max: Annotated[float, Ge(0), Le(1)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KellyConfig:
    """A quarter of Kelly's bet on the leading strategy's trades, times strength over volatility (SYSTEMS.md section 1).

    `floor` holds where there is an edge at all; `trades_prior` trades without an edge are added to every record.
    """

    kelly_fraction: Share = 0.25
    base: Share = 0.15
    cap: Share = 0.40
    floor: Annotated[float, Ge(0), Le(1)] = 0.05
    trades_prior: Annotated[float, Ge(0)] = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityTargetConfig:
    """target / volatility * conviction * budget; volatilities are annual, weights are multiples of equity (SYSTEMS.md section 5)."""

    target: Share = 0.15
    volatility_floor: Share = 0.05
    volatility_ceiling: Annotated[float, Gt(0)] = 1.0
    weight_max: Annotated[float, Gt(0), Le(4)] = 2.0
    weight_min: Annotated[float, Ge(0), Le(1)] = 0.01
    budget: Share = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageConfig:
    """Between `lowest` in a volatile hour and `highest` in a calm one, and never more than buying power allows."""

    lowest: Annotated[float, Gt(0), Le(4)] = 1.0
    highest: Annotated[float, Gt(0), Le(4)] = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfKellyConfig:
    """min(share * mean / variance, cap) of the leading strategy's net record while its annual Sharpe ratio is above `sharpe_min`.

    `bars_prior` bars without an edge are added to every record.
    """

    share: Share = 0.5
    cap: Annotated[float, Gt(0), Le(4)] = 1.0
    sharpe_min: float = 0.0
    bars_prior: Annotated[float, Ge(0)] = 390.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinationConfig:
    """Inverse covariance of the strategies' net sessions times their mean, both shrunk; each at its share until `sessions_min`."""

    sessions_min: Annotated[int, Ge(10)] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioConfig:
    """A size shrinks until all that is held or working with it has at most this annual volatility."""

    volatility_max: Share = 0.20


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTradeConfig:
    """No entry unless |conviction| * volatility over `horizon_min` exceeds both sides' `cost_bps` and a margin.

    The margin is `margin_bps`, or "conformal": by how much the entry's forecasts promised too much, in `coverage` of the cases (margin.py).
    """

    margin: Literal["fixed", "conformal"] = "fixed"
    coverage: Annotated[float, Gt(0), Lt(1)] = 0.5
    cost_bps: Annotated[float, Ge(0)]
    margin_bps: Annotated[float, Ge(0)] = 0.0
    horizon_min: Annotated[int, Gt(0), Le(390)] = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingConfig:
    """`max_shares` 0 lifts the cap. `equity_fraction` is that rule's size, `equity_fraction_max` the most of any other."""

    rule: Rule = "equity_fraction"
    equity_fraction: Annotated[float, Ge(0), Le(1)] = 0.0
    equity_fraction_max: Annotated[float, Ge(0), Le(4)] = 0.0
    max_shares: Annotated[int, Ge(0)]
    risk_fraction: RiskFractionConfig | None = None
    kelly: KellyConfig | None = None
    volatility_target: VolatilityTargetConfig | None = None
    leverage: LeverageConfig | None = None
    half_kelly: HalfKellyConfig | None = None
    combination: CombinationConfig | None = None
    portfolio: PortfolioConfig | None = None
    no_trade: NoTradeConfig | None = None

    @property
    def is_plain(self) -> bool:
        """A fixed share of equity and nothing else: sizes need no memory of the market."""
        return self.rule == "equity_fraction" and all(getattr(self, name) is None for name in EXTRAS)

    @property
    def weighs_portfolio(self) -> bool:
        """Sizes depend on how the symbols move together."""
        return self.portfolio is not None or (self.risk_fraction is not None and self.risk_fraction.var_fraction_max > 0.0)

    @property
    def learns_margin(self) -> bool:
        """The no-trade band depends on what came of earlier forecasts."""
        return self.no_trade is not None and self.no_trade.margin == "conformal"


EXTRAS: Final = ("leverage", "half_kelly", "combination", "portfolio", "no_trade")
"""Sections that go with any rule, in the order in which a size goes through them."""
