"""What a portfolio comes to at worst: held shares at their marks, open orders at the worst price that they may fill at.

Built once for a minute's candidates; what is asked for on the way is counted in by `add`, so that the limits see it (I7).
`lent_units` is compiled (njit) into the fast backtest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tradebot.core.domain.book import Book, WorkingOrder
from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.risk.limits.catalogue import REDUCING, first_refusal
from tradebot.core.risk.limits.config import LimitsConfig
from tradebot.core.risk.limits.numbers import LONG_AGO_NS, NO_STATUS, SHARES_MAX, Asked, Rules, Seen, worst_units

Spent = tuple[int, str, int]
"""An order that opened risk: when it was decided, its symbol, its value at the worst price in units."""

UNKNOWN: Final = "unknown"
_NO_RULES: Final = Rules(**dict.fromkeys(Rules._fields, 0))  # what reduces is held against no figure of a profile
_OPENS: Final = (Role.ENTRY, Role.EXTERNAL)  # what a person placed may open risk, too


class Around(NamedTuple):
    """What the limits see of a symbol's market and of our own orders in it."""

    now_ns: int
    anchor_units: int
    data_age_ns: int = 0
    session_left_ns: int = 1
    status: int = NO_STATUS
    same_open: int = 0
    crossing: int = 0
    var_units: float = 0.0
    historical_var_units: float = 0.0


@dataclass(slots=True)
class Exposure:
    """`values` are signed worst-case units by symbol, `spent` what was asked for lately; `group_of` tells the group a symbol moves with."""

    config: LimitsConfig
    rules: Rules
    group_of: Callable[[str], int | str]
    busy: set[str]
    free_cash_units: int
    equity_units: int
    day_start_equity_units: int
    high_water_units: int
    spent: list[Spent]
    values: dict[str, int] = field(default_factory=dict)
    sectors: dict[str, int] = field(default_factory=dict)  # absolute units, as are those of the groups
    groups: dict[int | str, int] = field(default_factory=dict)
    gross_units: int = 0
    net_units: int = 0

    def hold(self, book: Book, mark: Callable[[str], int]) -> None:
        """Count in what the book holds and what its open orders may still do. An order that reduces what is held adds nothing."""
        for symbol, position in book.positions.items():
            if position.qty:
                self._put(symbol, position.qty * mark(symbol))
        for order in book.open_orders():
            if order.role in _OPENS and order.side.sign * book.qty(order.symbol) >= 0:
                self.promise(order.symbol, order.side.sign, order.open_qty * worst_of(order, mark, self.rules))

    def promise(self, symbol: str, sign: int, worst: int) -> None:
        """Count in what may still be bought (sign +1) or sold short, worth so many units at worst."""
        self._put(symbol, sign * worst)
        if sign > 0:
            self.free_cash_units -= worst

    def add(self, asked: Asked, symbol: str, now_ns: int) -> None:
        """Count in an order that has just been asked for."""
        worst = asked.qty * asked.worst_units
        self.promise(symbol, asked.sign, worst)
        self.busy.add(symbol)
        self.spent.append((now_ns, symbol, worst))

    def seen(self, symbol: str, around: Around) -> Seen:
        """What the limits see when an order of this symbol is asked for."""
        now_ns, equity = around.now_ns, self.equity_units
        recent = [units for ns, _, units in self.spent if now_ns - ns < NS_PER_MINUTE]
        last_ns = max((ns for ns, name, _ in self.spent if name == symbol), default=now_ns - LONG_AGO_NS)
        return Seen(
            positions=len(self.busy) - (symbol in self.busy),
            free_cash_units=self.free_cash_units,
            buying_power_units=equity - self.gross_units + lent_units(equity, self.rules.buying_power_multiple),
            equity_units=equity,
            day_start_equity_units=self.day_start_equity_units,
            high_water_units=self.high_water_units,
            symbol_units=self.values.get(symbol, 0),
            gross_units=self.gross_units,
            net_units=self.net_units,
            sector_units=self.sectors.get(sector_of(self.config, symbol), 0),
            group_units=self.groups.get(self.group_of(symbol), 0),
            var_units=around.var_units,
            historical_var_units=around.historical_var_units,
            orders_in_minute=len(recent),
            notional_in_minute_units=sum(recent),
            symbol_idle_ns=now_ns - last_ns,
            anchor_units=around.anchor_units,
            data_age_ns=around.data_age_ns,
            session_left_ns=around.session_left_ns,
            status=around.status,
            same_open=around.same_open,
            crossing=around.crossing,
            available_qty=SHARES_MAX,  # it opens risk: nothing is taken from what is held
        )

    def _put(self, symbol: str, value_units: int) -> None:
        before = self.values.get(symbol, 0)
        after = self.values[symbol] = before + value_units
        more = abs(after) - abs(before)
        sector, group = sector_of(self.config, symbol), self.group_of(symbol)
        self.sectors[sector] = self.sectors.get(sector, 0) + more
        self.groups[group] = self.groups.get(group, 0) + more
        self.gross_units += more
        self.net_units += value_units


def reducing_refusal(book: Book, intent: OrderIntent) -> str | None:
    """Why an order that closes what is held is not sent, or None: it is not one of those that reduce, or they are on their way already."""
    held, others = book.qty(intent.symbol), book.open_orders(intent.symbol)
    exits = [o for o in others if o.role is Role.EXIT and o.side is intent.side]
    free = abs(held) - sum(o.open_qty for o in exits) if held * intent.side.sign < 0 else 0
    crossing = [o for o in others if o.role in _OPENS and o.side is not intent.side]
    price = intent.reference_units
    seen = Seen(**dict.fromkeys(Seen._fields, 0))._replace(same_open=len(exits), crossing=len(crossing), available_qty=free)
    return first_refusal(Asked(intent.qty, intent.side.sign, price, intent.limit_units, price), seen, _NO_RULES, REDUCING)


def sector_of(config: LimitsConfig, symbol: str) -> str:
    """The symbol's sector; all symbols in none are in one together."""
    return config.sectors.get(symbol, UNKNOWN)


def lent_units(equity_units: int, buying_power_multiple: float) -> int:
    """What the account lends beyond its equity, rounded down."""
    return math.floor((buying_power_multiple - 1.0) * equity_units)


def worst_of(order: WorkingOrder, mark: Callable[[str], int], rules: Rules) -> int:
    """The worst price of an open order in units."""
    return worst_units(order.reference_units or mark(order.symbol), order.limit_units, order.side.sign, rules.price_collar_fraction)


def lately(spent: Iterable[Spent], now_ns: int, rules: Rules) -> list[Spent]:
    """What the rates may still have to look at."""
    reach_ns = max(NS_PER_MINUTE, rules.symbol_interval_ns_min)
    return [order for order in spent if now_ns - order[0] < reach_ns]
