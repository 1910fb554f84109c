"""Sizing: the one door from float opinions to whole shares. Its rounding is `shares_floor`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingConfig:
    """`max_shares` 0 lifts the cap."""

    equity_fraction: Annotated[float, Gt(0), Le(1)]
    max_shares: Annotated[int, Ge(0)]


def shares_floor(notional_units: float, price_units: int) -> int:
    """Whole shares that a notional buys, rounded down. 0 for a notional or price that is not positive and finite."""
    if price_units <= 0 or not math.isfinite(notional_units) or notional_units <= 0:
        return 0
    return math.floor(notional_units / price_units)


def shares_by_equity_fraction(equity_units: int, price_units: int, config: SizingConfig) -> int:
    """`floor(equity * fraction / price)`, at most `max_shares` (SYSTEMS.md section 2, "Size")."""
    shares = shares_floor(equity_units * config.equity_fraction, price_units)
    return min(shares, config.max_shares) if config.max_shares else shares
