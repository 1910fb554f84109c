"""The market as it stands at an instant: where each symbol's price path is, and what a market order would pay there."""

from __future__ import annotations

from collections.abc import Mapping

from tradebot.core.domain.bars import BarColumns
from tradebot.sim.venue_account import Account
from tradebot.sim.venue_matching import Moment
from tradebot.sim.venue_tape import POINT_NS, POINTS, Tape


class Market:
    """All tapes at `now_ns`. The path of a minute depends on what is held when its first extreme is asked for, hence the account."""

    def __init__(self, histories: Mapping[str, BarColumns], account: Account, now_ns: int, half_spread_bps: float) -> None:
        self.now_ns = now_ns
        self.tapes = {symbol: Tape(bars, half_spread_bps) for symbol, bars in histories.items()}
        self._account = account
        self._chosen: dict[str, tuple[int, bool]] = {}  # the path of a symbol's current bar, once it has begun

    def price_units(self, symbol: str) -> int:
        """The path's price now, the last close between bars, 0 before the first bar."""
        tape = self.tapes[symbol]
        i = tape.last_bar(self.now_ns)
        if i < 0:
            return 0
        k = (self.now_ns - tape.minute[i]) // POINT_NS
        return tape.price(i, int(k), self.low_first(symbol, i)) if k < POINTS else tape.close[i]

    def moment(self, symbol: str) -> Moment | None:
        """The path now, or None while the current minute has no bar."""
        tape = self.tapes[symbol]
        i = tape.bar_at(self.now_ns)
        if i < 0:
            return None
        k = int((self.now_ns - tape.minute[i]) // POINT_NS)
        return self.moment_at(tape, i, k, tape.price(i, k, self.low_first(symbol, i) if k else True))

    def equity_units(self) -> int:
        held = self._account.positions
        return self._account.cash_units + sum(h.qty * self.price_units(symbol) for symbol, h in held.items())

    def short_units(self) -> int:
        """What the shares that are owed are worth now."""
        return sum(-h.qty * self.price_units(symbol) for symbol, h in self._account.positions.items() if h.qty < 0)

    def moment_at(self, tape: Tape, i: int, k: int, price_units: int) -> Moment:
        """The path at `price_units`, at or after point k of bar i."""
        buy, sell = tape.market_prices(i, k, price_units)
        return Moment(price_units, buy, sell)

    def low_first(self, symbol: str, i: int) -> bool:
        """True when bar i visits its low first: worst case first for what is held when its first extreme is asked for."""
        chosen = self._chosen.get(symbol)
        if chosen is not None and chosen[0] == i:
            return chosen[1]
        tape = self.tapes[symbol]
        held = self._account.qty(symbol)
        low_first = tape.flat_low_first(i) if held == 0 else held > 0
        if self.now_ns >= tape.minute[i] + POINT_NS:
            self._chosen[symbol] = (i, low_first)
        return low_first
