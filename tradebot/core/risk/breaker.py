"""The breaker: what must not open risk any more says so by itself, and only a person takes it back (I8, I23; SYSTEMS.md section 5).

    ACTIVE -> REDUCING   the drawdown from the high-water mark: nothing new, working entries are cancelled, exits go on
           -> HALTED     the kill switch, by a person or by the day's loss: cancel all, flatten, refuse

The high-water mark is the best equity at the end of a session, or at a person's resume. It moves on nothing but a positive number.

`tripped` is a plain function of numbers: the engine calls it as it stands, the fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Gt, Le

from tradebot.core.domain.units import usd_text

HOLDS: Final = 0
DRAWDOWN: Final = 1
DAY_LOSS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerConfig:
    """`day_loss`: what a loss of `limits.daily_loss_fraction_max` does beyond opening nothing more that day. "kill" is the kill switch.

    `drawdown_fraction_max` 1.0 never trips.
    """

    day_loss: Literal["refuse", "kill"] = "refuse"
    drawdown_fraction_max: Annotated[float, Gt(0), Le(1)] = 1.0


def tripped(
    equity_units: int,
    day_start_units: int,
    high_water_units: int,
    kills: bool,
    daily_loss_fraction_max: float,
    drawdown_fraction_max: float,
) -> int:
    """DAY_LOSS, DRAWDOWN, or HOLDS. The heavier comes first."""
    if kills and day_start_units > 0 and day_start_units - equity_units >= daily_loss_fraction_max * day_start_units:
        return DAY_LOSS
    if high_water_units > 0 and high_water_units - equity_units >= drawdown_fraction_max * high_water_units:
        return DRAWDOWN
    return HOLDS


def higher(high_water_units: int, equity_units: int) -> int:
    """The mark after one more equity; what is no positive number doesn't move it."""
    return max(high_water_units, equity_units, 0)


def trip_reason(trip: int, equity_units: int, day_start_units: int, high_water_units: int) -> str:
    """The trip in words with its numbers."""
    if trip == DAY_LOSS:
        loss, start = day_start_units - equity_units, day_start_units
        return f"day loss {usd_text(loss)} of {usd_text(start)} ({loss / start:.2%})"
    loss = high_water_units - equity_units
    return f"drawdown {usd_text(loss)} from {usd_text(high_water_units)} ({loss / high_water_units:.2%})"


def loosened(old: BreakerConfig, new: BreakerConfig) -> tuple[str, ...]:
    """What `new` holds less tightly than `old`, in words with both values."""
    found = []
    if (old.day_loss, new.day_loss) == ("kill", "refuse"):
        found.append("breaker.day_loss: kill -> refuse")
    if new.drawdown_fraction_max > old.drawdown_fraction_max:
        found.append(f"breaker.drawdown_fraction_max: {old.drawdown_fraction_max:g} -> {new.drawdown_fraction_max:g}")
    return tuple(found)
