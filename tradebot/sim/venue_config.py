"""What can be said about the simulated venue before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from tradebot.sim.costs import VenueCosts


@dataclass(frozen=True, slots=True)
class VenueConfig:
    """Account, spread, latency, fees, impact and borrow. Ideal: no spread, no latency, no fees, no partial fills, no impact.

    `margin_multiplier` applies from 2,000 dollars of equity up; below it the account is a cash account without shorting (WIRE.md 2.1).
    """

    cash_usd: Annotated[float, Ge(0)] = 100_000.0
    half_spread_bps: Annotated[float, Ge(0)] = 1.0
    latency_ms: Annotated[int, Ge(0)] = 0
    sec_fee_usd_per_million: Annotated[float, Ge(0)] = 17.40
    taf_usd_per_share: Annotated[float, Ge(0)] = 0.000119
    partial_fill_probability: Annotated[float, Ge(0), Le(1)] = 0.0
    seed: int = 0
    margin_multiplier: Annotated[int, Ge(1), Le(4)] = 4
    impact_y: Annotated[float, Ge(0)] = 0.0  # of square-root impact (sim/impact.py); 0: orders move no price
    borrow_bps_per_year: Annotated[float, Ge(0)] = 0.0  # on what is short over a night

    @property
    def costs(self) -> VenueCosts:
        return VenueCosts(self.sec_fee_usd_per_million, self.taf_usd_per_share, self.borrow_bps_per_year)
