"""`/stocks`: minute aggregates (AM) and quotes (Q) as Massive's socket sends them (WIRE.md section 5). One connection per cluster.

Everything that a connection subscribed to of a minute goes out in one frame at the minute's end, the quotes of the next one with it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from tradebot.sim.alpaca_server.market_view import Rows
from tradebot.sim.alpaca_server.sockets import Receive, Scope, Send, Socket
from tradebot.sim.alpaca_server.wire import json_bytes, parse_json

if TYPE_CHECKING:
    from tradebot.sim.alpaca_server.state import Simulator

LATE_NS = 30 * NS_PER_S
COUNTED = ("AM", "Q")


@dataclass(slots=True)
class Listener:
    socket: Socket
    is_authenticated: bool = False
    wanted: set[str] = field(default_factory=set)

    def wants(self, channel: str, symbol: str) -> bool:
        return f"{channel}.{symbol}" in self.wanted or f"{channel}.*" in self.wanted

    def send(self, messages: list[dict[str, Any]]) -> bool:
        return self.socket.put(json_bytes(messages).decode(), data=any(m["ev"] in COUNTED for m in messages))

    def status(self, status: str, *texts: str) -> None:
        self.send([{"ev": "status", "status": status, "message": text} for text in texts])


class MassiveMarket:
    """Massive's view of the simulated market. `volume_factor`: how many times the shares that Alpaca's feed tells of."""

    def __init__(self, simulator: Simulator) -> None:
        self.volume_factor = 1
        self._simulator = simulator
        self._listener: Listener | None = None
        self._missing: set[tuple[str, int]] = set()
        self._late: list[tuple[int, str, int]] = []

    @property
    def is_heard(self) -> bool:
        return self._listener is not None

    @property
    def frames(self) -> int:
        """Frames with bars or quotes sent on the present connection."""
        return 0 if self._listener is None else self._listener.socket.frames

    @property
    def next_ns(self) -> int | None:
        """When the next late bar goes out."""
        return self._late[0][0] if self._late else None

    def minutes(self, symbol: str, first_ns: int, last_ns: int) -> Rows:
        """Bars that have ended, but those that a fault took away."""
        rows = self._simulator.market.minutes(symbol, self._simulator.now_ns, first_ns, last_ns)
        keep = [i for i, at in enumerate(rows.start_ns.tolist()) if (symbol, at) not in self._missing]
        columns = (rows.start_ns, rows.open, rows.high, rows.low, rows.close, rows.volume * self.volume_factor, rows.trades)
        return Rows(*(column[keep] for column in columns))

    def publish_minute(self, end_ns: int) -> None:
        """What is known at the end of a minute."""
        minute_ns, messages, quotes = end_ns - NS_PER_MINUTE, list[dict[str, Any]](), list[dict[str, Any]]()
        for symbol in self._simulator.market.symbols:
            if not self._simulator.market.has_minute(symbol, minute_ns):
                continue
            if self._simulator.faults.take("massive_missing_minute", symbol=symbol) is not None:
                self._missing.add((symbol, minute_ns))
            elif self._simulator.faults.take("massive_late_bar", symbol=symbol) is not None:
                heapq.heappush(self._late, (end_ns + LATE_NS, symbol, minute_ns))
            elif self._listener is not None and self._listener.wants("AM", symbol):
                messages += self._aggregates(symbol, minute_ns)
        if self._listener is not None:
            for symbol in self._simulator.market.symbols:
                if self._listener.wants("Q", symbol):
                    quotes += self._quotes(symbol, end_ns)
            if messages or quotes:
                self._send(self._listener, [*messages, *quotes])

    def publish_late(self) -> None:
        """The bars whose time has come, at most 30 s after their minute."""
        while self._late and self._late[0][0] <= self._simulator.now_ns:
            _, symbol, minute_ns = heapq.heappop(self._late)
            if self._listener is not None and self._listener.wants("AM", symbol):
                self._send(self._listener, self._aggregates(symbol, minute_ns))

    def _aggregates(self, symbol: str, minute_ns: int) -> list[dict[str, Any]]:
        rows = self.minutes(symbol, minute_ns, minute_ns)
        told: list[dict[str, Any]] = []
        for i in range(len(rows.start_ns)):
            bar, start_ms = rows.bar(i), minute_ns // NS_PER_MS
            prices = {name: bar[name] for name in ("o", "c", "h", "l", "v", "vw")}
            size = int(rows.volume[i]) // max(int(rows.trades[i]), 1)
            told.append({"ev": "AM", "sym": symbol, **prices, "av": bar["v"], "op": bar["o"], "a": bar["vw"], "z": size,
                         "s": start_ms, "e": start_ms + 60_000})  # fmt: skip
        return told

    def _quotes(self, symbol: str, at_ns: int) -> list[dict[str, Any]]:
        found = self._simulator.market.quotes(symbol, at_ns, at_ns, at_ns)
        if not len(found.ts_ns):
            return []
        quote = found.quote(0)
        sides = {name: quote[name] for name in ("bp", "bs", "ap", "as")}
        return [{"ev": "Q", "sym": symbol, **sides, "bx": 4, "ax": 7, "c": 0, "i": [], "t": at_ns // NS_PER_MS, "q": 0, "z": 1}]

    def _send(self, listener: Listener, messages: list[dict[str, Any]]) -> None:
        strikes = self._simulator.faults.take
        if strikes("massive_mute") is not None:
            return
        if strikes("massive_close") is not None:
            self._listener = None
            listener.socket.close()
        elif strikes("massive_abort") is not None or not listener.send(messages):
            self._listener = None
            listener.socket.abort()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from handshake to end."""
        listener = Listener(Socket(scope, receive, send))
        try:
            await listener.socket.accept()
            listener.status("connected", "Connected Successfully")
            while (raw := await listener.socket.receive()) is not None:
                try:
                    message = parse_json(raw)
                except msgspec.DecodeError:
                    message = None
                self._obey(listener, message if isinstance(message, dict) else {})
        finally:
            if self._listener is listener:
                self._listener = None
            await listener.socket.end()

    def _obey(self, listener: Listener, message: dict[str, Any]) -> None:
        action, params = message.get("action"), str(message.get("params") or "")
        strikes = self._simulator.faults.take
        if action == "auth":
            if strikes("massive_auth_failed") is not None or not self._simulator.massive_key_fits(params):
                listener.status("auth_failed", "authentication failed")
            elif strikes("massive_max_connections") is not None or self._listener not in (None, listener):
                listener.status("max_connections", "Maximum number of websocket connections exceeded.")
                listener.socket.close()
            else:
                listener.is_authenticated, self._listener = True, listener
                listener.status("auth_success", "authenticated")
        elif not listener.is_authenticated:
            listener.status("error", "not authorized")
        elif action in ("subscribe", "unsubscribe"):
            names = [name.strip() for name in params.split(",") if name.strip()]
            (listener.wanted.update if action == "subscribe" else listener.wanted.difference_update)(names)
            listener.status("success", *(f"{action}d to: {name}" for name in names))
        else:
            listener.status("error", f"unknown action {action}")
