"""What a limit may look at, as plain numbers: the order, the portfolio and market around it, and the profile's own figures.

Money is in units of 1e-4 dollars, times in ns. "Worst" means the worst price at which something still open could trade: its limit, or for
a market order the price that the decision saw and the collar on top (`worst_units`). Named tuples of numbers, so that the fast backtest
hands the very same ones to the very same functions, compiled (njit).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

PRICE_UNITS_MAX: Final = 10_000_000_000  # a million dollars a share
SHARES_MAX: Final = 100_000_000  # and with that price an order's value still fits in 63 bits
LONG_AGO_NS: Final = 1 << 62
NO_STATUS: Final = 0  # nothing is known against the symbol
HALTED: Final = 1
UNTRADABLE: Final = 2
NOT_SHORTABLE: Final = 3


class Asked(NamedTuple):
    """An order that would open or add risk, at the price that the decision saw, and the worst price that it may fill at."""

    qty: int  # shares, > 0
    sign: int  # +1 buys, -1 sells short
    price_units: int
    limit_units: int  # 0 = a market order
    worst_units: int


class Seen(NamedTuple):
    """The world before the order, with all that is open, in flight or just asked for counted in at its worst price."""

    positions: int  # other symbols that are held, working, being closed or just asked for
    free_cash_units: int  # cash less what open buys may spend
    buying_power_units: int  # what the account may still spend, by `buying_power_multiple`
    equity_units: int
    day_start_equity_units: int
    high_water_units: int  # 0 before the first session
    symbol_units: int  # signed value of the symbol
    gross_units: int  # sum of absolute values
    net_units: int  # sum of signed values
    sector_units: int  # sum of absolute values in the symbol's sector
    group_units: int  # the same of the symbols that move with it
    var_units: float  # parametric value at risk with the order in it; 0 where the limit is off
    historical_var_units: float
    orders_in_minute: int  # decided in the last 60 s
    notional_in_minute_units: int
    symbol_idle_ns: int  # since the symbol's last order
    anchor_units: int  # the last quote's middle, or the last close where there is none
    data_age_ns: int
    session_left_ns: int  # until nothing may be opened any more
    status: int  # NO_STATUS, HALTED, UNTRADABLE, NOT_SHORTABLE
    same_open: int  # open orders of the same symbol and side that would do the same again
    crossing: int  # own open orders on the other side that this one could trade with
    available_qty: int  # of a sale that reduces: shares held that no open order has claimed


class Rules(NamedTuple):
    """A profile's figures as numbers; inf for a limit that it switches off."""

    positions_max: int
    order_units_max: float
    order_shares_max: float
    price_units_min: float
    price_units_max: float
    position_fraction_max: float
    sector_fraction_max: float
    group_fraction_max: float
    gross_units_max: float
    net_fraction_max: float
    leverage_max: float
    buying_power_multiple: float
    cash_borrowed_fraction_max: float
    var_fraction_max: float
    historical_var_fraction_max: float
    daily_loss_fraction_max: float
    drawdown_fraction_max: float
    orders_per_minute_max: float
    notional_units_per_minute_max: float
    symbol_interval_ns_min: float
    price_collar_fraction: float
    data_age_ns_max: float
    headroom_fraction_below: float


def worst_units(price_units: int, limit_units: int, sign: int, price_collar_fraction: float) -> int:
    """The worst price of an order in units: its limit, or for a market order the price seen and the collar on top, rounded outwards.

    A short sale's worst price is where the position stands after it has moved against it, the same collar above.
    """
    if limit_units > 0 and sign == 1:
        return limit_units
    return math.ceil(price_units * (1.0 + price_collar_fraction))
