"""A large order in small ones: TWAP and VWAP schedules under a cap of participation.

A *parent* is an entry that a minute has decided on; it is never sent. Each minute its schedule says how many shares are due; what is due
and not sent goes out as one *slice*, a bracket of its own around the parent's stop and target. Slices never add up to more than the
parent: what was sent counts, filled or not.

    TWAP  due[k] = floor(qty * (k + 1) / minutes)
    VWAP  due[k] = floor(qty * sum(v[0..k]) / sum(v)),  v the expected volumes of these minutes

Sources: Berkowitz, Logue & Noser, "The total cost of transactions on the NYSE" (1988), VWAP as the measure; Kissell, "The Science of
Algorithmic Trading and Portfolio Management" (2013), schedules and participation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from annotated_types import Ge, Gt, Le

from tradebot.core.domain.orders import OrderIntent
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.execution.order_type import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicingConfig:
    """`minutes`: how long a parent takes; an order at once that meets the cap goes on for so long.

    `participation_max`: a slice's share of the volume that its minute is expected to trade; 1.0 is no cap.
    """

    mode: Literal["at_once", "twap", "vwap"] = "at_once"
    minutes: Annotated[int, Ge(1), Le(390)] = 10
    participation_max: Annotated[float, Gt(0), Le(1)] = 1.0

    @property
    def reads_volume(self) -> bool:
        return self.mode == "vwap" or self.participation_max < 1.0

    @property
    def is_off(self) -> bool:
        return self.mode == "at_once" and self.participation_max >= 1.0


class Parent(msgspec.Struct):
    """`whole` as it was decided; `due[k]` are the shares due k minutes after it."""

    whole: OrderIntent
    due: tuple[int, ...]
    sent: int = 0
    slices: int = 0

    @property
    def left(self) -> int:
        return self.whole.qty - self.sent


def schedule(qty: int, config: SlicingConfig, volumes: Sequence[float]) -> tuple[int, ...]:
    """Shares due after each of `config.minutes` minutes, the last one all. `volumes` are those expected; what isn't known falls to TWAP."""
    minutes = config.minutes
    if config.mode == "at_once":
        return (qty,) * minutes
    weights = [1.0] * minutes
    if config.mode == "vwap" and len(volumes) == minutes and all(math.isfinite(v) and v >= 0 for v in volumes) and sum(volumes) > 0:
        weights = [float(v) for v in volumes]
    whole, reached, due = sum(weights), 0.0, []
    for weight in weights[:-1]:
        reached += weight
        due.append(min(math.floor(qty * (reached / whole)), qty))
    return (*due, qty)


def shares_due(parent: Parent, now_ns: int, participation_max: float, volume: float) -> int:
    """Shares of the next slice, 0 for none. `volume` is what this minute is expected to trade; unknown, it lets nothing past a cap."""
    k = (now_ns - parent.whole.decided_ns) // NS_PER_MINUTE
    due = parent.due[min(max(k, 0), len(parent.due) - 1)] - parent.sent
    if participation_max < 1.0:
        due = min(due, math.floor(participation_max * volume) if math.isfinite(volume) else 0)
    return max(due, 0)


def is_over(parent: Parent, now_ns: int) -> bool:
    """All is sent, or the schedule has ended."""
    return parent.left <= 0 or (now_ns - parent.whole.decided_ns) // NS_PER_MINUTE >= len(parent.due)


def slice_of(parent: Parent, qty: int, price_units: int, choice: Choice, now_ns: int) -> OrderIntent:
    """The next slice as an order of its own. The parent remembers it."""
    parent.sent += qty
    parent.slices += 1
    whole = parent.whole
    assert parent.sent <= whole.qty, "slices add up to more than their parent"
    return msgspec.structs.replace(
        whole,
        client_order_id=f"{whole.client_order_id}-s{parent.slices}",
        qty=qty,
        reference_units=price_units,
        decided_ns=now_ns,
        kind=choice.kind,
        limit_units=choice.limit_units,
        choice=choice.reason,
        parent_id=whole.client_order_id,
        parent_qty=whole.qty,
    )
