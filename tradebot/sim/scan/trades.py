"""Round trips as columns, and as rows when somebody looks: 69,000 of them cost nothing until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from tradebot.core.execution.exits import STOP, TARGET, ExitsConfig, exit_reason
from tradebot.core.risk.breaker import DAY_LOSS, trip_reason
from tradebot.sim.outcome import TradeRow, fee_share, nearest
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.layout import Float, Int


@dataclass(frozen=True)
class ScanTrades(Sequence[TradeRow]):
    """`table` (M, TRADE_WIDTH), oldest entry first; `marks` (N,) value what is still open; `leaders` (T, N) place a strategy, -1 = none."""

    table: Int
    symbols: tuple[str, ...]
    conviction: Float  # (T, N)
    marks: Int
    fees: Int  # (S,)
    sold: Int  # (S,)
    exits: ExitsConfig
    leaders: Int | None = None
    strategies: tuple[str, ...] = ()
    regimes: Int | None = None  # (T, N)
    labels: tuple[str, ...] = ()
    trip: tuple[int, int] = (0, 0)  # equity and the day's first equity, as the kill switch saw them

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, i: int) -> TradeRow: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[TradeRow, ...]: ...
    def __getitem__(self, i: int | slice) -> TradeRow | tuple[TradeRow, ...]:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(*i.indices(len(self))))
        row = [int(x) for x in self.table[i]]
        n, qty, decided = row[at.T_SYMBOL], row[at.T_QTY], row[at.T_DECIDED]
        closed = row[at.T_EXIT_NS] != 0
        exit_notional = row[at.T_EXIT] if closed else qty * int(self.marks[n])
        session = row[at.T_SESSION]
        return TradeRow(
            symbol=self.symbols[n],
            qty=qty,
            entry_ns=row[at.T_ENTRY_NS],
            exit_ns=row[at.T_EXIT_NS],
            entry_units=nearest(row[at.T_ENTRY], qty),
            exit_units=nearest(exit_notional, qty),
            pnl_units=exit_notional - row[at.T_ENTRY],
            fees_units=fee_share(row[at.T_EXIT], int(self.fees[session]), int(self.sold[session])) if closed else 0,
            spread_units=row[at.T_SPREAD],
            strategy=_named(self.leaders, self.strategies, decided, n),
            regime=_named(self.regimes, self.labels, decided, n),
            reason=self._reason(row) if closed else "",
            confidence=float(self.conviction[decided, n]),
        )

    def _reason(self, row: list[int]) -> str:
        why, n = row[at.T_WHY], row[at.T_SYMBOL]
        if why == STOP:
            return "stop"
        if why == TARGET:
            return "target"
        if why == at.FORECAST:
            return f"forecast {self.conviction[row[at.T_WHY_ROW], n]:+.3f}"
        if why == at.FLAT:
            return "flat at the close"
        if why == at.KILLED:
            return f"killed: {trip_reason(DAY_LOSS, *self.trip, 0)}"
        told = exit_reason(row[at.T_QTY], row[at.T_ENTRY], row[at.T_WHY_MARK], self.exits) or ""
        return f"rebalance {told}" if why == at.REBALANCE else told


def _named(places: Int | None, names: tuple[str, ...], t: int, n: int) -> str:
    place = -1 if places is None else int(places[t, n])
    return names[place] if place >= 0 else ""
