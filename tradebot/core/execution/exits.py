"""Exits in priority: stop, target, flat at the close (SYSTEMS.md section 2).

The stop and the target normally rest at the broker (`bracket_for`), so they survive the daemon. `exit_reason` is the
same rule in software, for a position without resting protection and for the 04:00 rebalance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from tradebot.core.domain.orders import Bracket
from tradebot.core.domain.units import NS_PER_MINUTE, price_ceil_to_tick, price_floor_to_tick


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitsConfig:
    stop_fraction: Annotated[float, Gt(0), Lt(1)]
    target_fraction: Annotated[float, Gt(0)]
    flatten_before_close_min: Annotated[int, Ge(1), Lt(390)]


def bracket_for(reference_units: int, config: ExitsConfig) -> Bracket:
    """Protection of a long entry around the price that the decision saw, both sides rounded away to the tick."""
    stop = price_floor_to_tick(round(reference_units * (1.0 - config.stop_fraction)))
    target = price_ceil_to_tick(round(reference_units * (1.0 + config.target_fraction)))
    return Bracket(stop, target)


def exit_reason(qty: int, cost_units: int, price_units: int, config: ExitsConfig) -> str | None:
    """Why a position should be closed at this price, the stop before the target, or None."""
    gain = (qty * price_units - cost_units) / abs(cost_units) if cost_units else 0.0
    if gain <= -config.stop_fraction:
        return f"stop: {gain:+.2%} <= -{config.stop_fraction:.0%}"
    if gain >= config.target_fraction:
        return f"target: {gain:+.2%} >= {config.target_fraction:.0%}"
    return None


def flatten_ns(session_close_ns: int, config: ExitsConfig) -> int:
    """The instant from which nothing new is opened and everything is closed; a half day moves it."""
    return session_close_ns - config.flatten_before_close_min * NS_PER_MINUTE
