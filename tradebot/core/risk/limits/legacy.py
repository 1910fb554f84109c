"""Hard limits on new risk, in one order. Models can't change them. They count open and in-flight orders at the price that the decision saw.

`broken_limit` is a plain function of numbers: the pipeline calls it as it stands, the fast backtest compiles (njit) the same source. It
answers with the limit's place in LIMITS, counted from 1, whose function says why in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tradebot.core.domain.units import UNITS_PER_USD, usd_text
from tradebot.core.risk.limits.config import LimitsConfig


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


def broken_limit(
    qty: int,
    price_units: int,
    positions: int,
    free_cash_units: int,
    equity_units: int,
    day_start_equity_units: int,
    positions_max: int,
    order_usd_max: float,
    daily_loss_fraction_max: float,
) -> int:
    """The first limit that an order would break, by its place in LIMITS from 1 on; 0 when all agree."""
    notional_units = qty * price_units
    if qty <= 0:
        return 1
    if positions >= positions_max:
        return 2
    if notional_units > order_usd_max * UNITS_PER_USD:
        return 3
    if notional_units > free_cash_units:
        return 4
    if day_start_equity_units - equity_units >= daily_loss_fraction_max * day_start_equity_units:
        return 5
    return 0


Limit = Callable[[Proposal, RiskView, LimitsConfig], str]


def no_shares(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str:
    """The size rounds to nothing."""
    return "size rounds to 0 shares"


def too_many_positions(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str:
    return f"positions {view.positions} >= {config.positions_max}"


def order_too_large(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str:
    return f"order_usd {usd_text(proposal.notional_units)} > {config.order_usd_max:g}"


def not_enough_cash(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str:
    return f"buying power {usd_text(view.free_cash_units)} < {usd_text(proposal.notional_units)}"


def day_lost_too_much(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str:
    loss = view.day_start_equity_units - view.equity_units
    return f"day loss {usd_text(loss)} >= {config.daily_loss_fraction_max:.1%} of {usd_text(view.day_start_equity_units)}"


LIMITS: Final[tuple[Limit, ...]] = (no_shares, too_many_positions, order_too_large, not_enough_cash, day_lost_too_much)
"""What each limit says when it is broken, in the order of `broken_limit`."""


def first_refusal(proposal: Proposal, view: RiskView, config: LimitsConfig) -> str | None:
    """The first limit's reason, or None when all agree."""
    broken = broken_limit(
        proposal.qty, proposal.price_units, view.positions, view.free_cash_units, view.equity_units, view.day_start_equity_units,
        config.positions_max, config.order_usd_max, config.daily_loss_fraction_max,
    )  # fmt: skip
    return LIMITS[broken - 1](proposal, view, config) if broken else None
