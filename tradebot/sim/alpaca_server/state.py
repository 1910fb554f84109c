"""The running simulation: venue, market, streams and time. Everything happens on one event loop, so every method is atomic.

Time moves in *step mode* only when a client asks (`advance`), otherwise with the wall clock times `speed` (`catch_up`). Either way
it moves in steps: to the next instant at which the market does anything, or as far as allowed. At a step the venue acts first and
its trade updates go out, then the bars of the minute that just ended with the quotes of the one that begins.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Mapping

import numpy as np

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.sim.alpaca_server.faults import Faults
from tradebot.sim.alpaca_server.market_view import MarketView
from tradebot.sim.alpaca_server.stream_data import DataStream
from tradebot.sim.alpaca_server.stream_trade import TradeStream
from tradebot.sim.massive_server.stream import MassiveMarket
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

_LATE_PRINT_NS = 30 * NS_PER_S


class Simulator:
    """One simulated Alpaca. `speed` 0 is step mode; `key` and `secret`, where given, are the only ones accepted."""

    def __init__(
        self,
        histories: Mapping[str, BarColumns],
        sessions: SessionTable,
        start_ns: int,
        speed: float,
        venue: VenueConfig,
        key: str = "",
        secret: str = "",
    ) -> None:
        self.venue = Venue(histories, sessions, start_ns, venue)
        self.market = MarketView(histories, sessions, venue.half_spread_bps)
        self.sessions = sessions
        self.start_ns = start_ns
        self.speed = speed
        self.faults = Faults()
        self.trade_stream = TradeStream(self)
        self.data_stream = DataStream(self)
        self.massive = MassiveMarket(self)
        self.massive_key = ""  # the only key that the Massive side accepts, "" = any
        self.account_settings: dict[str, object] = dict(ACCOUNT_SETTINGS)
        self.assets: dict[str, dict[str, object]] = {}  # what is said of an asset otherwise than of all, by symbol
        self._key, self._secret = key, secret
        self._borders = self.market.borders
        self._next_border = int(np.searchsorted(self._borders, start_ns, side="right"))
        self._late: list[tuple[int, str, int]] = []
        self._stuck: list[tuple[int, str]] = []
        self._wall_start_s = time.monotonic()

    @property
    def now_ns(self) -> int:
        return self.venue.now_ns

    @property
    def step_mode(self) -> bool:
        return self.speed == 0

    @property
    def done(self) -> bool:
        """No bar ends after now."""
        return self._next_border >= len(self._borders)

    @property
    def frames(self) -> dict[str, int]:
        """Data-bearing frames sent so far on the sockets that are connected now."""
        frames = {"trade_updates": self.trade_stream.frames, "data": self.data_stream.frames}
        return frames | {"massive": self.massive.frames} if self.massive.is_heard else frames

    def key_fits(self, key: str, secret: str) -> bool:
        """Any key pair will do unless one is pinned."""
        return bool(key and secret) and self._key in ("", key) and self._secret in ("", secret)

    def next_instant(self) -> int | None:
        """When the market moves by itself next; None when it never will."""
        instants = [int(self._borders[self._next_border])] if not self.done else []
        if self._late:
            instants.append(self._late[0][0])
        if self._stuck:
            instants.append(self._stuck[0][0])
        if (late_ns := self.massive.next_ns) is not None:
            instants.append(late_ns)
        if (next_ns := self.venue.next_instant()) is not None:
            instants.append(next_ns)
        return min(instants, default=None)

    def massive_key_fits(self, key: str) -> bool:
        return bool(key) and self.massive_key in ("", key)

    def advance(self, until_ns: int) -> None:
        """One step: to `until_ns` or to the next instant at which something happens, whichever is earlier."""
        next_ns = self.next_instant()
        self.venue.advance(max(until_ns if next_ns is None else min(until_ns, next_ns), self.now_ns))
        while self._stuck and self._stuck[0][0] <= self.now_ns:
            self.venue.release(heapq.heappop(self._stuck)[1])
        self.flush()
        while not self.done and self._borders[self._next_border] <= self.now_ns:
            self._next_border += 1
            self._border(int(self._borders[self._next_border - 1]))
        while self._late and self._late[0][0] <= self.now_ns:
            _, symbol, minute_ns = heapq.heappop(self._late)
            self.data_stream.publish_updated(symbol, minute_ns)
        self.massive.publish_late()

    def run_to(self, until_ns: int) -> None:
        """All steps up to an instant."""
        while self.now_ns < until_ns:
            self.advance(until_ns)

    def catch_up(self) -> None:
        """In free-running mode: bring the market to the present."""
        if not self.step_mode:
            self.run_to(self.start_ns + int((time.monotonic() - self._wall_start_s) * self.speed * NS_PER_S))

    def start_clock(self) -> None:
        """The wall clock counts from here."""
        self._wall_start_s = time.monotonic()

    def flush(self) -> None:
        """Send the trade updates of what just happened."""
        for update in self.venue.drain():
            self.trade_stream.publish(update)

    def update_later(self, symbol: str, minute_ns: int) -> None:
        """An updated bar follows half a minute after the minute's end."""
        heapq.heappush(self._late, (minute_ns + NS_PER_MINUTE + _LATE_PRINT_NS, symbol, minute_ns))

    def release_later(self, broker_id: str, after_s: float) -> None:
        """A cancel that is stuck is carried out after a while."""
        heapq.heappush(self._stuck, (self.now_ns + round(after_s * NS_PER_S), broker_id))

    def _border(self, end_ns: int) -> None:
        """A minute ends here, or begins after one in which nobody traded."""
        minute_ns = end_ns - NS_PER_MINUTE
        for symbol in self.market.symbols:
            if self.market.has_minute(symbol, minute_ns) and self.faults.take("missing_minute", symbol=symbol) is not None:
                self.market.hidden.add((symbol, minute_ns))
        self.data_stream.publish_minute(end_ns)
        self.massive.publish_minute(end_ns)


ACCOUNT_SETTINGS: dict[str, object] = {
    "fractional_trading": False,
    "max_margin_multiplier": "4",
    "no_shorting": False,
    "suspend_trade": False,
    "trade_confirm_email": "none",
    "ptp_no_exception_entry": False,
    "max_options_trading_level": 0,
    "disable_overnight_trading": True,
}
