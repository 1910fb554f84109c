"""Impact at the venue: who takes liquidity moves the price against itself, by what the past sessions say (sim/impact.py)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.session import Session
from tradebot.sim.impact import ImpactTables, impact_tables, impact_units
from tradebot.sim.venue_matching import Moment
from tradebot.sim.venue_orders import LIMIT, STOP_LIMIT, VenueOrder


class Impact:
    """The tables of all sessions, looked up by symbol and time. Before the open the session before still counts.

    `tables` are those of the sessions, by default from what the histories hold of the past.
    """

    def __init__(
        self, histories: Mapping[str, BarColumns], sessions: Sequence[Session], y: float, tables: ImpactTables | None = None
    ) -> None:
        self._y = y
        self._place = {symbol: n for n, symbol in enumerate(histories)}
        self._opens_ns = [s.open_ns for s in sessions]
        self._tables = (tables or impact_tables(histories, sessions)) if y else None

    def moved(self, order: VenueOrder, price_units: int, at: Moment, now_ns: int) -> int:
        """The price of an execution after impact. An order that was waited for, at its own limit, moves nothing, and a limit holds."""
        if self._tables is None or price_units != at.market_units(order.side):
            return price_units
        s, n = max(bisect_right(self._opens_ns, now_ns) - 1, 0), self._place[order.symbol]
        sigma, adv = self._tables.sigma_day_fraction[s, n], self._tables.adv_shares[s, n]
        worse = price_units + order.side.sign * impact_units(at.price_units, order.qty, sigma, adv, self._y)
        if order.kind in (LIMIT, STOP_LIMIT):
            worse = order.side.sign * min(order.side.sign * worse, order.side.sign * order.limit_units)
        return max(worse, 1)
