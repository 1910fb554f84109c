"""A trade: one round trip of one symbol, from first entry fill to flat."""

from __future__ import annotations

import msgspec

from tradebot.core.domain.orders import Side


class Trade(msgspec.Struct, frozen=True):
    """Money in units of 1e-4 dollars, times in UTC nanoseconds; `exit_*` are 0 while open."""

    trade_id: str  # the entry's client_order_id
    symbol: str
    side: Side
    qty: int  # shares entered so far
    entry_units: int  # notional paid for them
    entry_ns: int
    confidence: float
    stop_units: int
    target_units: int
    status: str = "OPEN"  # OPEN | CLOSED
    exit_qty: int = 0
    exit_units: int = 0  # notional received
    exit_ns: int = 0
    exit_reason: str = ""
    pnl_units: int = 0  # realised so far

    @property
    def pnl_fraction(self) -> float:
        """Realised P&L over the notional entered."""
        return self.pnl_units / self.entry_units if self.entry_units else 0.0
