"""What the fast backtest can't do as the full simulation does, each as a sentence that names it.

    why_full(config, venue, grace_s) == ""    the scan gives what the full simulation gives, to the last unit

A part that adds a rule to the engine, which the scan does not have yet, adds a function of a Case to REASONS.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple

from tradebot.core.config import EngineConfig
from tradebot.sim.venue_config import VenueConfig

_GRACE_S_MAX = 15.0  # then the next bar's path has left its open


class Case(NamedTuple):
    """What a backtest is asked for."""

    config: EngineConfig
    venue: VenueConfig
    grace_s: float


def slow_venue(case: Case) -> str:
    ideal = not (case.venue.latency_ms or case.venue.partial_fill_probability)
    return "" if ideal else "the fast backtest has an ideal venue: simulation.latency_ms and partial_fill_probability must be 0"


def late_bars(case: Case) -> str:
    most_s = min(_GRACE_S_MAX, case.config.bar_late_s_max)
    late = case.grace_s >= _GRACE_S_MAX or case.grace_s > case.config.bar_late_s_max
    return f"the fast backtest needs feed.grace_s below {most_s:g} s, not {case.grace_s:g}" if late else ""


def fine_fees(case: Case) -> str:
    sec, taf = fees_of(case.venue)
    fine = max(sec.numerator * sec.denominator, taf.numerator * taf.denominator) >= 1 << 62
    return "the fees have too many decimals for the fast backtest" if fine else ""


def moving_stops(case: Case) -> str:
    return "the fast backtest's stops stay where they are, and exits.mode is adaptive" if case.config.exits.mode == "adaptive" else ""


def slices(case: Case) -> str:
    return "" if case.config.slicing.is_off else "the fast backtest sends an order at once and whole, and [slicing] splits it"


def learned_margin(case: Case) -> str:
    learns = case.config.sizing.learns_margin
    return "the fast backtest learns no margin, and sizing.no_trade.margin is conformal" if learns else ""


REASONS: Final[tuple[Callable[[Case], str], ...]] = (
    slow_venue,
    late_bars,
    fine_fees,
    moving_stops,
    slices,
    learned_margin,
)


def why_full(config: EngineConfig, venue: VenueConfig, grace_s: float) -> str:
    """Why only the full simulation can do this: the first of REASONS that says something, "" where none does."""
    case = Case(config, venue, grace_s)
    return next(filter(None, (reason(case) for reason in REASONS)), "")


def fees_of(venue: VenueConfig) -> tuple[Fraction, Fraction]:
    """(SEC, TAF) in cents a unit sold and a share sold, exact."""
    return Fraction(str(venue.sec_fee_usd_per_million)) / 10**8, Fraction(str(venue.taf_usd_per_share)) * 100
