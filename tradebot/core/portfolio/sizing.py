"""Sizing: the one door from float opinions to whole shares. Its rounding is `shares_floor`.

`shares_of` is a plain function of numbers: the pipeline calls it as it stands, the fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

import math

from tradebot.core.portfolio.config import SizingConfig

__all__ = ["SizingConfig", "shares_by_equity_fraction", "shares_floor", "shares_of"]


def shares_floor(notional_units: float, price_units: int) -> int:
    """Whole shares that a notional buys, rounded down. 0 for a notional or price that is not positive and finite."""
    if price_units <= 0 or not math.isfinite(notional_units) or notional_units <= 0:
        return 0
    return math.floor(notional_units / price_units)


def shares_scaled(shares: int, scale: float) -> int:
    """Whole shares of a size that a scale in [0, 1] shrinks, rounded down. A scale of 1 leaves them as they are."""
    return shares if scale >= 1.0 else math.floor(shares * scale)


def shares_of(equity_units: int, price_units: int, equity_fraction: float, max_shares: int) -> int:
    """`floor(equity * fraction / price)`, at most `max_shares` where that is not 0; 0 for what is not positive and finite."""
    notional_units = equity_units * equity_fraction
    if price_units <= 0 or not math.isfinite(notional_units) or notional_units <= 0:
        return 0
    shares = math.floor(notional_units / price_units)
    return min(shares, max_shares) if max_shares else shares


def shares_by_equity_fraction(equity_units: int, price_units: int, config: SizingConfig) -> int:
    """`floor(equity * fraction / price)`, at most `max_shares` (SYSTEMS.md section 2, "Size")."""
    return shares_of(equity_units, price_units, config.equity_fraction, config.max_shares)
