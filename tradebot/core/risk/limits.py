"""Hard limits on new risk: one tuple, each a pure function that answers with a reason or None. Models can't change them.

They count open and in-flight orders at the price that the decision saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Gt, Le

from tradebot.core.domain.units import UNITS_PER_USD, usd_text


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    positions_max: Annotated[int, Gt(0)]
    order_usd_max: Annotated[float, Gt(0)]
    daily_loss_fraction_max: Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True, slots=True)
class RiskView:
    """What the limits may see: the portfolio with everything already asked for this minute counted in."""

    positions: int  # held, working or just asked for
    free_cash_units: int  # cash less what open buys may spend
    equity_units: int
    day_start_equity_units: int


@dataclass(frozen=True, slots=True)
class Proposal:
    symbol: str
    qty: int
    price_units: int

    @property
    def notional_units(self) -> int:
        return self.qty * self.price_units


Limit = Callable[[Proposal, RiskView, LimitsConfig], str | None]


def no_shares(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    """The size rounds to nothing."""
    return "size rounds to 0 shares" if proposal.qty <= 0 else None


def too_many_positions(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    return f"positions {view.positions} >= {config.positions_max}" if view.positions >= config.positions_max else None


def order_too_large(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    if proposal.notional_units > config.order_usd_max * UNITS_PER_USD:
        return f"order_usd {usd_text(proposal.notional_units)} > {config.order_usd_max:g}"
    return None


def not_enough_cash(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    if proposal.notional_units > view.free_cash_units:
        return f"buying power {usd_text(view.free_cash_units)} < {usd_text(proposal.notional_units)}"
    return None


def day_lost_too_much(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    loss = view.day_start_equity_units - view.equity_units
    if loss >= config.daily_loss_fraction_max * view.day_start_equity_units:
        return f"day loss {usd_text(loss)} >= {config.daily_loss_fraction_max:.1%} of {usd_text(view.day_start_equity_units)}"
    return None


LIMITS: Final[tuple[Limit, ...]] = (no_shares, too_many_positions, order_too_large, not_enough_cash, day_lost_too_much)


def first_refusal(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    """The first limit's reason, or None when all agree."""
    for limit in LIMITS:
        reason = limit(proposal, view, config)
        if reason is not None:
            return reason
    return None
