"""The last look before an order leaves: it trusts nobody, the engine least.

Knight Capital lost 460 M$ in 45 minutes because nothing between its router and the wire compared orders out with orders in, or capped what
could go out in a minute (SEC Release 34-70694). Three checks, of what was sent and nothing else:

    an id is sent once; slices never add up to more than their parent (I3); orders that open risk blow a fuse of so many, and so many
    dollars, a minute. What reduces risk passes the fuse (I11).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S, UNITS_PER_USD, usd_text


@dataclass(frozen=True, slots=True)
class Fuse:
    """What may go out in any sixty seconds to open risk."""

    orders_max: int
    usd_max: float


ENTRY_AGE_NS_MAX: Final = NS_PER_MINUTE  # then the next minute has been decided on
FUSE: Final = Fuse(orders_max=60, usd_max=1_000_000.0)


class WireGuard:
    """`refusal` notes what it lets through: ask once for each send. `now_ns` is the market's clock."""

    def __init__(self, fuse: Fuse, now_ns: Callable[[], int]) -> None:
        self._fuse = fuse
        self._now_ns = now_ns
        self._sent: dict[str, int] = {}  # client order id -> when
        self._of_parent: dict[str, int] = {}  # shares sent in slices
        self._opened: deque[tuple[int, int]] = deque()  # (when, notional) of the last minute
        self._opened_units = 0  # their sum

    def know(self, client_order_id: str) -> None:
        """An id of an earlier life: it may have been sent."""
        self._sent[client_order_id] = self._now_ns()

    def refusal(self, intent: OrderIntent) -> str:
        """Why this order must not leave, "" where it may: then it counts as sent."""
        now_ns = self._now_ns()
        if intent.client_order_id in self._sent:
            return "this id was sent before"
        if intent.qty <= 0:
            return f"{intent.qty} shares"
        slices = self._of_parent.get(intent.parent_id, 0) + intent.qty
        if intent.parent_id and slices > intent.parent_qty:
            return f"slices of {intent.parent_id} add up to {slices} > {intent.parent_qty} shares"
        if intent.role is Role.ENTRY and (blown := self._blown(intent, now_ns)):
            return blown
        self._sent[intent.client_order_id] = now_ns
        if intent.parent_id:
            self._of_parent[intent.parent_id] = slices
        return ""

    def too_late(self, intent: OrderIntent) -> str:
        """Why an entry has waited too long (a slow disk, a locked journal), "" where it has not. What reduces risk is never too late."""
        age_ns = self._now_ns() - intent.decided_ns
        if intent.role is not Role.ENTRY or age_ns <= ENTRY_AGE_NS_MAX:
            return ""
        return f"decided {age_ns / NS_PER_S:.0f} s ago: the market is another"

    def forget(self) -> None:
        """After a session: ids carry their date, so those of the day before can't come again."""
        self._sent.clear()
        self._of_parent.clear()

    def _blown(self, intent: OrderIntent, now_ns: int) -> str:
        """The fuse, and the count of what passes it."""
        opened = self._opened
        while opened and opened[0][0] <= now_ns - NS_PER_MINUTE:
            self._opened_units -= opened.popleft()[1]
        units = intent.qty * max(intent.reference_units, intent.limit_units)
        total = units + self._opened_units
        if len(opened) >= self._fuse.orders_max:
            return f"{len(opened)} orders went out in a minute, the fuse is {self._fuse.orders_max}"
        if total > self._fuse.usd_max * UNITS_PER_USD:
            return f"{usd_text(total)} in a minute is more than the fuse of {self._fuse.usd_max:g}"
        opened.append((now_ns, units))
        self._opened_units = total
        return ""
