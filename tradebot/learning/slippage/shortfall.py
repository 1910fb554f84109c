"""Implementation shortfall of one execution, split into what lost it: delay, spread, impact; fees stand beside them.

    side * (paid - qty * decided) = delay + spread + impact                    exactly, in units
    delay  = side * (arrival - decided) * qty      the market moved between the decision and the order's arrival
    spread = half_spread * qty                     what crossing to the other side of the quote costs
    impact = the rest                              what the order moved the price, waited, or gained by resting

A cost is positive, a gain negative.

Sources: Perold, "The implementation shortfall: paper versus reality" (1988); the split as pysystemtrade reports it (docs/production.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

BPS = 10_000


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill beside what its decision saw and what the market showed when the order came.

    `decided_units`: the price that the decision saw, or a resting leg's own. `arrival_units`: the mid when the order reached the market.
    `half_spread_units`: of the quote there; `is_quoted` False: there was none, and the profile's own guess stands in.
    """

    fill_id: str
    symbol: str
    role: str
    sign: int  # +1 bought, -1 sold
    qty: int
    paid_units: int  # notional
    ts_ns: int
    decided_units: int
    arrival_units: int
    half_spread_units: int
    is_quoted: bool
    fee_units: int = 0


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Units lost by cause, over `notional_units` at the decisions' prices."""

    fills: int = 0
    shares: int = 0
    notional_units: int = 0
    delay_units: int = 0
    spread_units: int = 0
    impact_units: int = 0
    fee_units: int = 0

    @property
    def total_units(self) -> int:
        return self.delay_units + self.spread_units + self.impact_units + self.fee_units

    def bps(self, units: int) -> float:
        """A part in basis points of the notional; 0 where nothing was traded."""
        return units / self.notional_units * BPS if self.notional_units else 0.0

    def __add__(self, other: Shortfall) -> Shortfall:
        return Shortfall(
            self.fills + other.fills,
            self.shares + other.shares,
            self.notional_units + other.notional_units,
            self.delay_units + other.delay_units,
            self.spread_units + other.spread_units,
            self.impact_units + other.impact_units,
            self.fee_units + other.fee_units,
        )


def shortfall(execution: Execution) -> Shortfall:
    """What one execution lost, by cause."""
    e = execution
    lost = e.sign * (e.paid_units - e.qty * e.decided_units)
    delay = e.sign * (e.arrival_units - e.decided_units) * e.qty
    spread = e.half_spread_units * e.qty
    return Shortfall(1, e.qty, e.qty * e.decided_units, delay, spread, lost - delay - spread, e.fee_units)


def total(executions: Iterable[Execution]) -> Shortfall:
    """The sum over executions."""
    return sum(map(shortfall, executions), Shortfall())


def with_fees(executions: Sequence[Execution], fee_units: int) -> tuple[Execution, ...]:
    """A posted fee, shared among the sells by notional, to the last unit: regulatory fees are charged on what is sold.

    With nothing sold it is shared among all; without executions it is nobody's.
    """
    payers = [n for n, e in enumerate(executions) if e.sign < 0] or list(range(len(executions)))
    base = sum(executions[n].paid_units for n in payers)
    shared, out = 0, list(executions)
    paid = 0
    for n in payers:
        paid += executions[n].paid_units
        due = fee_units * paid // base if base else 0
        out[n] = replace(executions[n], fee_units=due - shared)
        shared = due
    return tuple(out)
