"""What a profile says about limits, and the same as numbers. config/README.md explains every key.

The defaults here are for tests and benchmarks: a profile (with base.toml under it) must say every one (settings/limits.py). "off" is the
one word that switches a limit off; 0 never does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le

from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.core.risk.limits.numbers import Rules

Off = Literal["off"]
OFF: Final = "off"
Fraction = Annotated[float, Gt(0), Le(1)]
Multiple = Annotated[float, Gt(0), Le(10)]
Usd = Annotated[float, Gt(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """Fractions are parts of equity, `_usd_` dollars. `sectors` and `groups` name the sector and the group of a symbol.

    A symbol in no sector belongs to the sector "unknown" with all others in none. A symbol in no group belongs to those that it is
    correlated with by at least `group_correlation_min`, or with all others of which that isn't known yet.
    """

    positions_max: Annotated[int, Gt(0)]
    order_usd_max: Usd
    daily_loss_fraction_max: Fraction
    order_shares_max: Annotated[int, Gt(0)] | Off = OFF
    price_usd_min: Usd | Off = OFF
    price_usd_max: Usd | Off = OFF
    position_fraction_max: Multiple | Off = OFF
    sector_fraction_max: Multiple | Off = OFF
    group_fraction_max: Multiple | Off = OFF
    group_correlation_min: Fraction = 0.7
    gross_usd_max: Usd | Off = OFF
    net_fraction_max: Multiple | Off = OFF
    leverage_max: Multiple | Off = OFF
    buying_power_multiple: Annotated[float, Ge(1), Le(6)] = 1.0
    cash_borrowed_fraction_max: Annotated[float, Ge(0), Le(5)] = 0.0
    var_fraction_max: Fraction | Off = OFF
    historical_var_fraction_max: Fraction | Off = OFF
    var_confidence: Annotated[float, Ge(0.9), Le(0.999)] = 0.99
    unknown_volatility_fraction: Fraction = 0.05
    drawdown_fraction_max: Fraction | Off = OFF
    orders_per_minute_max: Annotated[int, Gt(0)] | Off = OFF
    notional_usd_per_minute_max: Usd | Off = OFF
    symbol_interval_s_min: Annotated[float, Gt(0)] | Off = OFF
    price_collar_fraction: Annotated[float, Gt(0), Le(0.5)] = 0.05
    data_age_s_max: Annotated[float, Gt(0)] = 120.0
    headroom_fraction_below: Fraction | Off = OFF
    sectors: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_history(self) -> bool:
        """Whether any limit looks at how symbols moved together in the sessions before."""
        return self.group_fraction_max != OFF or self.watches_var

    @property
    def watches_var(self) -> bool:
        return self.var_fraction_max != OFF or self.historical_var_fraction_max != OFF


def rules_of(config: LimitsConfig) -> Rules:
    """The profile's figures as numbers: dollars as units, seconds as ns, "off" as what nothing exceeds."""
    return Rules(
        positions_max=config.positions_max,
        order_units_max=config.order_usd_max * UNITS_PER_USD,
        order_shares_max=most(config.order_shares_max),
        price_units_min=0.0 if config.price_usd_min == "off" else config.price_usd_min * UNITS_PER_USD,
        price_units_max=most(config.price_usd_max, UNITS_PER_USD),
        position_fraction_max=most(config.position_fraction_max),
        sector_fraction_max=most(config.sector_fraction_max),
        group_fraction_max=most(config.group_fraction_max),
        gross_units_max=most(config.gross_usd_max, UNITS_PER_USD),
        net_fraction_max=most(config.net_fraction_max),
        leverage_max=most(config.leverage_max),
        buying_power_multiple=float(config.buying_power_multiple),
        cash_borrowed_fraction_max=float(config.cash_borrowed_fraction_max),
        var_fraction_max=most(config.var_fraction_max),
        historical_var_fraction_max=most(config.historical_var_fraction_max),
        daily_loss_fraction_max=float(config.daily_loss_fraction_max),
        drawdown_fraction_max=most(config.drawdown_fraction_max),
        orders_per_minute_max=most(config.orders_per_minute_max),
        notional_units_per_minute_max=most(config.notional_usd_per_minute_max, UNITS_PER_USD),
        symbol_interval_ns_min=0.0 if config.symbol_interval_s_min == "off" else config.symbol_interval_s_min * NS_PER_S,
        price_collar_fraction=float(config.price_collar_fraction),
        data_age_ns_max=config.data_age_s_max * NS_PER_S,
        headroom_fraction_below=0.0 if config.headroom_fraction_below == "off" else float(config.headroom_fraction_below),
    )


def most(value: float | Off, per: int = 1) -> float:
    """An upper bound as a number; inf where it is off."""
    return math.inf if value == "off" else float(value) * per
