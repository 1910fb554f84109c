"""What the view knows: counts, positions with their protection, profit and news, taken from events and commands that pass by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tradebot.core.domain.commands import Alert, Command, RecordDecision, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.events import CashPosted, Event, MinuteClosed, OrderRefused
from tradebot.core.domain.orders import Fill, OrderIntent, Role
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD, usd_text


class NewYork:
    """Instants in exchange wall time, "" before the first."""

    zone = ZoneInfo("America/New_York")

    @classmethod
    def of(cls, ts_ns: int) -> dt.datetime:
        return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, cls.zone)

    @classmethod
    def date(cls, ts_ns: int) -> str:
        return f"{cls.of(ts_ns):%a %d %b %Y}" if ts_ns else ""

    @classmethod
    def clock(cls, ts_ns: int) -> str:
        return f"{cls.of(ts_ns):%H:%M} New York" if ts_ns else ""

    @classmethod
    def stamp(cls, ts_ns: int) -> str:
        return f"{cls.of(ts_ns):%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One open trade. Prices and profit in units."""

    symbol: str
    qty: int
    entry_units: int
    mark_units: int
    stop_units: int
    target_units: int
    pnl_units: int


@dataclass(slots=True)
class Picture:
    """Counts since the start, money in units; `news` has one line per order, fill and warning, oldest first."""

    now_ns: int = 0
    minutes: int = 0
    decisions: int = 0
    orders: int = 0
    fills: int = 0
    refusals: int = 0
    fees_units: int = 0
    trades: dict[str, Trade] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        self.now_ns = max(self.now_ns, event.ts_event_ns)
        match event:
            case MinuteClosed(symbols=symbols, close=close, present=present):
                self.marks |= {s: int(close[n]) for n, s in enumerate(symbols) if present[n]}
            case CashPosted(amount_units=units):
                self.fees_units -= units
            case OrderRefused(client_order_id=key, reason=reason):
                self.refusals += 1
                self._tell(f"refused by the broker: {reason} ({key})")
        for command in commands:
            self._take(command)

    def _take(self, command: Command) -> None:
        match command:
            case RecordDecision(decision=decision):
                self.minutes += 1
                self.decisions += len(decision.symbols)
                self.refusals += sum(reason.startswith("refused") for reason in decision.reasons)
            case SubmitOrder(intent=intent):
                self.orders += 1
                self._tell(_order_line(intent))
            case RecordFill(fill=fill):
                self.fills += 1
                self._tell(_fill_line(fill))
            case RecordTrade(trade=trade):
                self.trades[trade.trade_id] = trade
            case Alert(severity=severity, message=message) if severity != "info":
                self._tell(message)

    def _tell(self, text: str) -> None:
        self.news.append(f"{NewYork.stamp(self.now_ns)} {text}")

    def positions(self) -> list[PositionRow]:
        """Open trades at their marks, by symbol."""
        rows = []
        for trade in sorted(self.trades.values(), key=lambda t: t.symbol):
            held = trade.qty - trade.exit_qty
            if trade.status == "OPEN" and held:
                entry = trade.entry_units // trade.qty
                mark = self.marks.get(trade.symbol, entry)
                profit = trade.side.sign * (held * mark - trade.entry_units * held // trade.qty)
                rows.append(PositionRow(trade.symbol, held, entry, mark, trade.stop_units, trade.target_units, profit))
        return rows

    @property
    def open_pnl_units(self) -> int:
        return sum(row.pnl_units for row in self.positions())

    @property
    def pnl_units(self) -> int:
        """Realised and open, net of the fees posted so far."""
        return sum(t.pnl_units for t in self.trades.values()) + self.open_pnl_units - self.fees_units


def money(units: int) -> str:
    """Dollars with two places, four below a dollar."""
    return f"{units / UNITS_PER_USD:,.2f}" if abs(units) >= UNITS_PER_USD or not units % 100 else usd_text(units)


def _order_line(intent: OrderIntent) -> str:
    if intent.role is Role.ENTRY:
        return f"buy {intent.qty} {intent.symbol}, confidence {intent.confidence:.2f}"
    return f"{intent.side} {intent.qty} {intent.symbol}, {intent.reason}"


def _fill_line(fill: Fill) -> str:
    done = "bought" if fill.side.sign > 0 else "sold"
    return f"{done} {fill.qty} {fill.symbol} at {money(fill.price_units)} ({fill.role})"
