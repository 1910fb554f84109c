"""Counting what a run did, from the events and commands that pass by."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.commands import Alert, Command, RecordDecision, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.events import CashPosted, Event, ModelPromoted, OrderRefused
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import UNITS_PER_USD


@dataclass(slots=True)
class Tally:
    """An observer of the engine. Money in units."""

    minutes: int = 0
    decisions: int = 0
    orders: int = 0
    fills: int = 0
    refusals: int = 0  # by us and by the broker
    fees_units: int = 0
    models: int = 0
    sessions: set[dt.date] = field(default_factory=set)
    trades: dict[str, Trade] = field(default_factory=dict)
    alerts: list[str] = field(default_factory=list)
    regimes: Counter[str] = field(default_factory=Counter)  # symbol-minutes in each
    arms: Counter[str] = field(default_factory=Counter)  # symbol-minutes under each choice

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        match event:
            case OrderRefused():
                self.refusals += 1
            case CashPosted(amount_units=units):
                self.fees_units -= units
            case ModelPromoted():
                self.models += 1
        for command in commands:
            match command:
                case RecordDecision(decision=decision):
                    self.minutes += 1
                    self.decisions += len(decision.symbols)
                    self.refusals += sum(reason.startswith("refused") for reason in decision.reasons)
                    if decision.thoughts is not None:
                        self.regimes.update(regime or "unknown" for regime in decision.thoughts.regimes)
                        self.arms.update(arm or "none" for arm in decision.thoughts.arms)
                    self.sessions.add(dt.datetime.fromtimestamp(decision.minute_ns / 1e9, dt.UTC).date())
                case SubmitOrder():
                    self.orders += 1
                case RecordFill():
                    self.fills += 1
                case RecordTrade(trade=trade):
                    self.trades[trade.trade_id] = trade
                case Alert(severity=severity, message=message) if severity != "info":
                    self.alerts.append(message)

    def report(self) -> dict[str, object]:
        """Counts and trade statistics as plain values, money in dollars."""
        closed = [t for t in self.trades.values() if t.status == "CLOSED"]
        won = [t for t in closed if t.pnl_units > 0]
        return {
            "sessions": len(self.sessions),
            "decisions": self.decisions,
            "orders": self.orders,
            "fills": self.fills,
            "refusals": self.refusals,
            "trades_closed": len(closed),
            "trades_won": len(won),
            "trades_open": len(self.trades) - len(closed),
            "fees_usd": self.fees_units / UNITS_PER_USD,
            **self.shares(),
        }

    def shares(self) -> dict[str, object]:
        """Of symbol-minutes: in each regime, and under each choice; nothing for a profile without strategies."""
        return {
            name: {key: round(count / counts.total(), 4) for key, count in counts.most_common()}
            for name, counts in (("regime_shares", self.regimes), ("arm_shares", self.arms))
            if counts
        }


def buy_and_hold_fraction(grid: MarketGrid, first: dt.date, last: dt.date) -> float:
    """Return of equal weights in every symbol, bought at the first open of `first` and sold at the last close of `last`, before cost."""
    inside = np.array([first <= d <= last for d in grid.dates()])[grid.session_of]
    returns = []
    for n in range(len(grid.symbols)):
        rows = np.flatnonzero(inside & grid.present[:, n])
        if len(rows):
            returns.append(grid.close[rows[-1], n] / grid.open[rows[0], n] - 1.0)
    return float(np.mean(returns)) if returns else 0.0
