"""Exits in priority: stop, target, flat at the close (SYSTEMS.md section 2).

The stop and the target normally rest at the broker (`bracket_for`), so they survive the daemon. `exit_reason` is the
same rule in software, for a position without resting protection and for the 04:00 rebalance.

`stop_units_of`, `target_units_of` and `exit_code` are plain functions of numbers: the engine calls them as they stand, the fast backtest
compiles (njit) the same source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le, Lt

from tradebot.core.domain.orders import Bracket
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD

STOP: Final = 1
TARGET: Final = 2
_CENT: Final = 100  # the tick from a dollar up; below it is a unit (core.domain.units.tick_units)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitsConfig:
    """`mode` "adaptive" takes distances from the range of the last minutes and moves stops up (adaptive.py); the fractions are then the
    farthest that a stop or target may stand. `peak_gain_atrs` 0: no peak detector.
    """

    stop_fraction: Annotated[float, Gt(0), Lt(1)]
    target_fraction: Annotated[float, Gt(0)]
    flatten_before_close_min: Annotated[int, Ge(1), Lt(390)]
    mode: Literal["fixed", "adaptive"] = "fixed"
    atr_minutes: Annotated[int, Ge(2), Le(390)] = 14
    stop_atrs: Annotated[float, Gt(0)] = 6.0
    target_atrs: Annotated[float, Gt(0)] = 9.0
    peak_gain_atrs: Annotated[float, Ge(0)] = 4.0
    peak_giveback: Annotated[float, Gt(0), Lt(1)] = 0.4


def stop_units_of(reference_units: int, stop_fraction: float) -> int:
    """The stop of a long entry: the reference less the fraction, rounded away from it to the tick."""
    units = round(reference_units * (1.0 - stop_fraction))
    return units - units % _CENT if units >= UNITS_PER_USD else units


def target_units_of(reference_units: int, target_fraction: float) -> int:
    """The target of a long entry: the reference plus the fraction, rounded away from it to the tick."""
    units = round(reference_units * (1.0 + target_fraction))
    return -(-units // _CENT) * _CENT if units >= UNITS_PER_USD else units


def exit_code(qty: int, cost_units: int, price_units: int, stop_fraction: float, target_fraction: float) -> int:
    """STOP before TARGET where a position has lost or gained its fraction at this price, else 0."""
    if cost_units == 0:
        return 0
    gain = (qty * price_units - cost_units) / abs(cost_units)
    if gain <= -stop_fraction:
        return STOP
    return TARGET if gain >= target_fraction else 0


def bracket_for(reference_units: int, config: ExitsConfig) -> Bracket:
    """Protection of a long entry around the price that the decision saw, both sides rounded away to the tick."""
    return Bracket(stop_units_of(reference_units, config.stop_fraction), target_units_of(reference_units, config.target_fraction))


def exit_reason(qty: int, cost_units: int, price_units: int, config: ExitsConfig) -> str | None:
    """Why a position should be closed at this price, the stop before the target, or None."""
    code = exit_code(qty, cost_units, price_units, config.stop_fraction, config.target_fraction)
    if code == 0:
        return None
    gain = (qty * price_units - cost_units) / abs(cost_units)
    if code == STOP:
        return f"stop: {gain:+.2%} <= -{config.stop_fraction:.0%}"
    return f"target: {gain:+.2%} >= {config.target_fraction:.0%}"


def flatten_ns(session_close_ns: int, config: ExitsConfig) -> int:
    """The instant from which nothing new is opened and everything is closed; a half day moves it."""
    return session_close_ns - config.flatten_before_close_min * NS_PER_MINUTE
