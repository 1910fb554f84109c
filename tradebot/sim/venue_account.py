"""The account of the simulated venue: exact cash, positions at average cost, fees of the session, and the statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from tradebot.core.domain.orders import Side
from tradebot.sim.costs import VenueCosts
from tradebot.sim.venue_orders import Activity, VenueOrder

_MS_PER_DAY = 86_400_000


@dataclass(slots=True)
class Holding:
    """Signed shares and their signed cost in units (qty * average entry price)."""

    qty: int = 0
    cost_units: int = 0


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity of the account at the close of a session."""

    ts_ns: int
    equity_units: int


@dataclass(slots=True)
class Account:
    """Only `trade`, `post_fees` and `post_borrow` move cash, and each writes its line of the statement."""

    cash_units: int
    costs: VenueCosts
    positions: dict[str, Holding] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    closes: list[EquityPoint] = field(default_factory=list)
    sold_units: int = 0
    sold_shares: int = 0
    spread_units: int = 0  # what executions cost beside the path, so far
    impact_units: int = 0  # what they moved the price by, so far

    def qty(self, symbol: str) -> int:
        held = self.positions.get(symbol)
        return 0 if held is None else held.qty

    @property
    def accrued_fee_units(self) -> int:
        """Fees of the session so far, posted at its close."""
        return self.costs.session_fee_units(self.sold_units, self.sold_shares)

    def trade(self, order: VenueOrder, qty: int, price_units: int, ts_ns: int, execution_id: str) -> None:
        """Book an execution of `order`, a snapshot whose fill totals already include it."""
        notional = qty * price_units
        sign = order.side.sign
        self.cash_units -= sign * notional
        if order.side is Side.SELL:
            self.sold_units += notional
            self.sold_shares += qty
        self._hold(order.symbol, sign * qty, price_units)
        self.activities.append(Activity(activity_id(ts_ns, execution_id), "FILL", ts_ns, -sign * notional, order, price_units, qty))

    def post_fees(self, ts_ns: int, unique: str) -> Activity | None:
        """Take the session's fees from cash; None when there are none."""
        fee = self.accrued_fee_units
        self.sold_units = self.sold_shares = 0
        if fee == 0:
            return None
        self.cash_units -= fee
        activity = Activity(activity_id(ts_ns, unique), "FEE", ts_ns, -fee, description="REG and TAF fees of the session")
        self.activities.append(activity)
        return activity

    def post_borrow(self, ts_ns: int, short_units: int, nights: int, unique: Callable[[], str]) -> Activity | None:
        """Take from cash what being short over so many nights costs; None when that is nothing."""
        cost = self.costs.borrow_units(short_units, nights)
        if cost == 0:
            return None
        self.cash_units -= cost
        activity = Activity(activity_id(ts_ns, unique()), "INT", ts_ns, -cost, description=f"stock borrow, {nights} nights")
        self.activities.append(activity)
        return activity

    @property
    def is_short(self) -> bool:
        return any(held.qty < 0 for held in self.positions.values())

    def _hold(self, symbol: str, change: int, price_units: int) -> None:
        held = self.positions.setdefault(symbol, Holding())
        if held.qty * change < 0:  # closing: cost leaves in proportion, then any rest opens the other way
            closed = min(abs(change), abs(held.qty))
            held.cost_units -= held.cost_units * closed // abs(held.qty)
            held.qty += closed if change > 0 else -closed
            change -= closed if change > 0 else -closed
        held.qty += change
        held.cost_units += change * price_units
        if held.qty == 0:
            del self.positions[symbol]


def activity_id(ts_ns: int, unique: str) -> str:
    """Alpaca's form: `YYYYMMDDhhmmssmmm::uuid`, which sorts by time."""
    day, ms = divmod(ts_ns // 1_000_000, _MS_PER_DAY)
    s, ms = divmod(ms, 1_000)
    return f"{_date_text(day)}{s // 3600:02d}{s // 60 % 60:02d}{s % 60:02d}{ms:03d}::{unique}"


@lru_cache(maxsize=8)
def _date_text(day: int) -> str:
    """Days since 1970 as `YYYYMMDD`."""
    return f"{dt.date(1970, 1, 1) + dt.timedelta(day):%Y%m%d}"
