"""An observer of the full simulation that ends up with the same Outcome as the fast scan gives at once."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tradebot.core.domain.commands import Command, RecordDecision, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.decision import Decision, Thoughts
from tradebot.core.domain.events import CashPosted, Event, MinuteClosed, OrderRefused
from tradebot.core.domain.orders import Fill, Role, Side
from tradebot.core.domain.session import Session
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_MINUTE, units_nearest
from tradebot.core.engine import Engine
from tradebot.sim.outcome import CostWaterfall, Outcome, TradeRow, fee_share, nearest
from tradebot.sim.venue import Venue
from tradebot.sim.venue_tape import POINT_NS

_FEE, _BORROW = "FEE", "INT"


@dataclass(slots=True)
class Witness:
    """Sees every event of a `Simulation` of `sessions`; `outcome` says what it came to. Money in units."""

    engine: Engine
    venue: Venue
    sessions: tuple[Session, ...]
    minutes: list[int] = field(default_factory=list)
    equity: list[int] = field(default_factory=list)
    exposure: list[int] = field(default_factory=list)
    orders: int = 0
    fills: int = 0
    refusals: int = 0
    spread_units: int = 0  # impact included
    borrow_units: int = 0
    fees: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    sold: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    trades: dict[str, Trade] = field(default_factory=dict)
    spreads: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    thought: dict[str, tuple[str, str]] = field(default_factory=dict)  # strategy and regime of an entry

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        match event:
            case MinuteClosed(minute_ns=minute_ns) if minute_ns >= self.sessions[0].open_ns:
                state = self.engine.state
                held = [(s, p.qty) for s, p in state.book.positions.items() if p.qty]
                self.minutes.append(minute_ns)
                self.equity.append(state.equity_units())
                self.exposure.append(sum(abs(qty * state.mark(s)) for s, qty in held))
            case OrderRefused():
                self.refusals += 1
            case CashPosted(kind=kind, ts_event_ns=ts_ns, amount_units=units) if kind == _FEE:
                self.fees[self._date(ts_ns)] -= units
            case CashPosted(kind=kind, amount_units=units) if kind == _BORROW:
                self.borrow_units -= units
        spread = 0
        for command in commands:
            match command:
                case RecordDecision(decision=decision):
                    self.refusals += sum(reason.startswith("refused") for reason in decision.reasons)
                    self._remember(decision)
                case SubmitOrder(intent=intent):
                    self.orders += 1
                    foreseen = self.engine.foreseen
                    if foreseen is not None and intent.role is Role.ENTRY:  # then no decision tells
                        self.thought[intent.client_order_id] = foreseen.led_by(self.engine.state.minute_ns, intent.symbol)
                case RecordFill(fill=fill):
                    self.fills += 1
                    spread = fill.side.sign * (fill.notional_units - fill.qty * self._path_units(fill))
                    self.spread_units += spread
                    if fill.side is Side.SELL:
                        self.sold[self._date(fill.ts_event_ns)] += fill.notional_units
                case RecordTrade(trade=trade):  # follows its fill
                    self.trades[trade.trade_id] = trade
                    self.spreads[trade.trade_id] += spread

    def outcome(self) -> Outcome:
        """What the run came to; ask when it has ended."""
        state = self.engine.state
        start, cash = units_nearest(self.venue.config.cash_usd), state.book.cash_units
        fees, impact, borrow = sum(self.fees.values()), self.venue.impact_units, self.borrow_units
        gross = state.equity_units() - start + self.spread_units + fees + borrow
        return Outcome(
            symbols=state.symbols,
            sessions=self.sessions,
            minute_ns=np.array(self.minutes, np.int64),
            equity_units=np.array(self.equity, np.int64),
            exposure_units=np.array(self.exposure, np.int64),
            cash_units=cash,
            start_units=start,
            trades=tuple(self._row(trade) for trade in self.trades.values()),
            orders=self.orders,
            fills=self.fills,
            refusals=self.refusals + self.engine.refused,
            costs=CostWaterfall(gross, self.spread_units - impact, fees, impact, borrow),
        )

    def _remember(self, decision: Decision) -> None:
        """What led each entry of this minute."""
        if decision.thoughts is None:
            return
        for n in np.flatnonzero(decision.qty):
            self.thought[decision.order_ids[n]] = (leading(decision.thoughts, int(n)), decision.thoughts.regimes[n])

    def _path_units(self, fill: Fill) -> int:
        """The price of the path where an order filled: the trigger of a resting order inside a bar, else where the venue stands.

        What the bar's open had passed already acts at +15 s, where the path still is what it was.
        """
        order = self.engine.state.book.orders[fill.client_order_id]
        into_ns = fill.ts_event_ns % NS_PER_MINUTE
        trigger = order.stop_units if fill.role is Role.STOP else order.limit_units
        if into_ns < POINT_NS or not trigger:
            return self.venue.price_units(fill.symbol)
        opened = self.venue.open_units(fill.symbol)
        passed = opened >= trigger if fill.role is Role.TARGET else opened <= trigger
        return opened if into_ns == POINT_NS and passed else trigger

    def _row(self, trade: Trade) -> TradeRow:
        closed = trade.status == "CLOSED"
        exit_notional = (
            trade.exit_units if closed else trade.exit_units + (trade.qty - trade.exit_qty) * self.engine.state.mark(trade.symbol)
        )
        date = self._date(trade.exit_ns)
        strategy, regime = self.thought.get(trade.trade_id, ("", ""))
        return TradeRow(
            symbol=trade.symbol,
            qty=trade.qty,
            entry_ns=trade.entry_ns,
            exit_ns=trade.exit_ns if closed else 0,
            entry_units=nearest(trade.entry_units, trade.qty),
            exit_units=nearest(exit_notional, trade.qty),
            pnl_units=exit_notional - trade.entry_units,
            fees_units=fee_share(trade.exit_units, self.fees[date], self.sold[date]),
            spread_units=self.spreads[trade.trade_id],
            strategy=strategy,
            regime=regime,
            reason=trade.exit_reason if closed else "",
            confidence=trade.confidence,
        )

    def _date(self, ts_ns: int) -> dt.date:
        """The session of an instant: that which opened last."""
        place = bisect_right(self.sessions, ts_ns, key=lambda s: s.open_ns) - 1
        return self.sessions[max(place, 0)].date


def leading(thoughts: Thoughts, n: int) -> str:
    """The strategy that speaks loudest for a symbol, "" where none does."""
    size = np.abs(thoughts.weights[n] * thoughts.signals[n])
    return thoughts.strategies[int(np.argmax(size))] if size.any() else ""
