"""A trade: one round trip of one symbol, from first entry fill to flat."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from tradebot.core.domain.orders import Fill, Role, Side


class Trade(msgspec.Struct, frozen=True, gc=False):
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


class TradeLedger(msgspec.Struct):
    """Open trades by symbol. `apply` returns the trade as it stands after a fill."""

    open: dict[str, Trade] = {}

    def apply(self, fill: Fill, confidence: float, stop_units: int, target_units: int, flat: bool, why: str) -> Trade | None:
        """Book a fill; `flat` says that it closes the position, `why` what for. None for an exit of something we never entered."""
        trade = self.open.get(fill.symbol)
        if trade is None:
            if fill.role is not Role.ENTRY:
                return None
            trade = Trade(
                fill.client_order_id, fill.symbol, fill.side, fill.qty, fill.notional_units, fill.ts_event_ns, confidence, stop_units,
                target_units,
            )  # fmt: skip
        elif fill.side is trade.side:
            trade = replace(trade, qty=trade.qty + fill.qty, entry_units=trade.entry_units + fill.notional_units)
        else:
            exit_qty, exit_units = trade.exit_qty + fill.qty, trade.exit_units + fill.notional_units
            entered = trade.entry_units if exit_qty == trade.qty else trade.entry_units * exit_qty // trade.qty
            trade = replace(
                trade,
                exit_qty=exit_qty,
                exit_units=exit_units,
                exit_ns=fill.ts_event_ns,
                exit_reason=why,
                pnl_units=trade.side.sign * (exit_units - entered),
                status="CLOSED" if flat else "OPEN",
            )
        if flat:
            if trade.status != "CLOSED":
                trade = replace(trade, status="CLOSED")
            self.open.pop(fill.symbol, None)
        else:
            self.open[fill.symbol] = trade
        return trade
