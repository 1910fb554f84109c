"""What a backtest came to, the same from the fast scan and from the full simulation, so that reports and evidence treat both alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.session import Session

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CostWaterfall:
    """From what the fills would have earned without cost to what was earned. Costs are positive, in units of 1e-4 dollars.

    `gross_units` is what the same shares, bought and sold at the same moments, earned at the middle price.
    """

    gross_units: int
    spread_units: int
    fees_units: int
    impact_units: int = 0
    borrow_units: int = 0

    @property
    def total_units(self) -> int:
        return self.spread_units + self.fees_units + self.impact_units + self.borrow_units

    @property
    def net_units(self) -> int:
        return self.gross_units - self.total_units


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One round trip. Money in units, times in UTC ns; `entry_units` and `exit_units` are average prices a share, nearest unit.

    A trade that is still open has `exit_ns` 0 and is valued at its last mark. `fees_units` is its share of the session's fees by
    notional sold; the trades' fees need not add up to the account's to the last cent.
    """

    symbol: str
    qty: int
    entry_ns: int
    exit_ns: int
    entry_units: int
    exit_units: int
    pnl_units: int  # after the spread, before fees
    fees_units: int
    spread_units: int
    strategy: str = ""
    regime: str = ""
    reason: str = ""  # what closed it: stop, target, or the engine's reason
    confidence: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.exit_ns == 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`minute_ns`, `equity_units` (cash plus positions at their marks) and `exposure_units` (sum of |qty * mark|) are (T,), one row for
    each minute of `sessions`, as they stood after the engine had decided on it; the last row of a session counts that session's fees.
    """

    symbols: tuple[str, ...]
    sessions: tuple[Session, ...]
    minute_ns: Int
    equity_units: Int
    exposure_units: Int
    cash_units: int
    start_units: int
    trades: Sequence[TradeRow]  # closed and open round trips, oldest entry first
    orders: int
    fills: int
    refusals: int
    costs: CostWaterfall

    @property
    def end_units(self) -> int:
        """Equity at the end."""
        return int(self.equity_units[-1]) if len(self.equity_units) else self.start_units

    @property
    def return_fraction(self) -> float:
        return self.end_units / self.start_units - 1.0

    def session_equity_units(self) -> Int:
        """Equity after each session's last minute, (S,)."""
        last = self.minute_ns.searchsorted(np.array([s.close_ns for s in self.sessions], np.int64)) - 1
        equity: Int = self.equity_units[last]
        return equity

    def session_returns(self) -> Float:
        """Net return of each session, (S,): its last equity over the one before it, the first over the starting cash."""
        equity = np.concatenate(([self.start_units], self.session_equity_units())).astype(np.float64)
        returns: Float = equity[1:] / equity[:-1] - 1.0
        return returns


def nearest(notional_units: int, qty: int) -> int:
    """The average price a share, nearest unit."""
    return (2 * notional_units + qty) // (2 * qty)


def fee_share(notional_units: int, fee_units: int, sold_units: int) -> int:
    """A sale's share of its session's fees, rounded down."""
    return fee_units * notional_units // sold_units if sold_units else 0
