"""`/v2/{feed}`: the market data stream in JSON or msgpack (WIRE.md section 4). One connection per feed; all feeds carry the same market.

At the border of two minutes everything that a connection subscribed to goes out in one frame: trades, bars and day bars of the minute that
ended, then the quotes of the one that begins. A connection speaks msgpack when its handshake says `Content-Type: application/msgpack`, with
times as msgpack Timestamps.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgpack
import msgspec

from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.sim.alpaca_server.market_view import Rows, trade_json
from tradebot.sim.alpaca_server.sockets import Receive, Scope, Send, Socket
from tradebot.sim.alpaca_server.stream_trade import credentials
from tradebot.sim.alpaca_server.wire import json_bytes, parse_json, rfc3339

if TYPE_CHECKING:
    from tradebot.sim.alpaca_server.state import Simulator

FEEDS = ("iex", "sip", "delayed_sip", "test")
CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "corrections", "cancelErrors")
COUNTED = ("b", "q", "u")  # what makes a frame one that a stepped client waits for
BAR_TYPES = {"bars": "b", "updatedBars": "u", "dailyBars": "d"}
AUTH_TIMEOUT_S = 10.0

ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
}


@dataclass(slots=True)
class Listener:
    """A connection with its dialect and its subscriptions."""

    socket: Socket
    msgpack: bool
    authenticated: bool = False
    channels: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in CHANNELS})

    def wants(self, channel: str, symbol: str) -> bool:
        names = self.channels[channel]
        return symbol in names or "*" in names

    def send(self, messages: list[dict[str, Any]], *, data: bool = False) -> bool:
        """One frame; `t` in nanoseconds becomes the dialect's time."""
        if self.msgpack:
            for message in messages:
                if "t" in message:
                    message["t"] = msgpack.Timestamp(message["t"] // NS_PER_S, message["t"] % NS_PER_S)
            packed: bytes = msgpack.packb(messages)
            return self.socket.put(packed, data=data)
        for message in messages:
            if "t" in message:
                message["t"] = rfc3339(message["t"])
        return self.socket.put(json_bytes(messages).decode(), data=data)

    def error(self, code: int) -> None:
        self.send([{"T": "error", "code": code, "msg": ERRORS[code]}])


class DataStream:
    """The hub of the data stream: at most one authenticated connection per feed."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._listeners: dict[str, Listener] = {}
        self._limit_until_s = 0.0

    @property
    def frames(self) -> int:
        """Frames with bars or quotes sent on the present connections."""
        return sum(listener.socket.frames for listener in self._listeners.values())

    def publish_minute(self, end_ns: int) -> None:
        """Everything that is known at the end of a minute."""
        for feed, listener in tuple(self._listeners.items()):
            messages = self._minute(listener, end_ns)
            if messages:
                self._send(feed, listener, messages)

    def publish_updated(self, symbol: str, minute_ns: int) -> None:
        """The whole bar of a minute whose first version lacked a late print."""
        for feed, listener in tuple(self._listeners.items()):
            if listener.wants("updatedBars", symbol):
                rows = self._simulator.market.minutes(symbol, self._simulator.now_ns, minute_ns, minute_ns)
                self._send(feed, listener, [{"T": "u", "S": symbol, "t": minute_ns, **rows.bar(0)}])

    def publish_status(self, symbol: str, code: str, message: str, reason: str) -> None:
        """A trading status (halt, resume) that a test asks for."""
        status = {"T": "s", "S": symbol, "t": self._simulator.now_ns, "sc": code, "sm": message, "rc": reason, "rm": "", "z": "A"}
        for feed, listener in tuple(self._listeners.items()):
            if listener.wants("statuses", symbol):
                self._send(feed, listener, [dict(status)])

    def _minute(self, listener: Listener, end_ns: int) -> list[dict[str, Any]]:
        market, faults = self._simulator.market, self._simulator.faults
        minute_ns = end_ns - NS_PER_MINUTE
        trades, bars, days, quotes = [], [], [], []
        for symbol in market.symbols:
            rows = market.minutes(symbol, end_ns, minute_ns, minute_ns)
            if len(rows.start_ns):
                if listener.wants("trades", symbol):
                    trades.append({"T": "t", "S": symbol, "t": end_ns - 1_000_000, **trade_json(minute_ns, rows, 0)})
                if listener.wants("bars", symbol) and faults.take("data_bar_drop", symbol=symbol) is None:
                    bars.append({"T": "b", "S": symbol, "t": minute_ns, **self._first_version(symbol, minute_ns, rows)})
                if listener.wants("dailyBars", symbol) and len((day := market.day(symbol, end_ns)).start_ns):
                    days.append({"T": "d", "S": symbol, "t": int(day.start_ns[0]), **day.bar(0)})
            if listener.wants("quotes", symbol):
                found = market.quotes(symbol, end_ns, end_ns, end_ns)
                quotes += [{"T": "q", "S": symbol, "t": end_ns, **found.quote(0)}] if len(found.ts_ns) else []
        return [*trades, *bars, *days, *quotes]

    def _first_version(self, symbol: str, minute_ns: int, rows: Rows) -> dict[str, object]:
        bar = rows.bar(0)
        if self._simulator.faults.take("late_updated_bar", symbol=symbol) is not None:
            bar["v"] = max(int(rows.volume[0]) // 2, 1)
            self._simulator.update_later(symbol, minute_ns)
        return bar

    def _send(self, feed: str, listener: Listener, messages: list[dict[str, Any]]) -> None:
        strikes = self._simulator.faults.take
        if strikes("data_mute") is not None:
            return
        if strikes("data_close") is not None:
            self._drop(feed, abrupt=False)
        elif strikes("data_abort") is not None:
            self._drop(feed, abrupt=True)
        elif strikes("data_407") is not None:
            listener.error(407)
            self._drop(feed, abrupt=False)
        elif not listener.send(messages, data=any(m["T"] in COUNTED for m in messages)):
            self._drop(feed, abrupt=True)  # a slow client may never see its 407

    def _drop(self, feed: str, *, abrupt: bool) -> None:
        socket = self._listeners.pop(feed).socket
        if abrupt:
            socket.abort()
        else:
            socket.close()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from handshake to end."""
        feed = scope["path"].removeprefix("/v2/")
        socket = Socket(scope, receive, send)
        if feed not in FEEDS:
            await socket.deny(404, json_bytes({"code": 40410000, "message": f"no such feed: {feed}"}))
            return
        listener = Listener(socket, "msgpack" in socket.headers.get("content-type", ""))
        try:
            await socket.accept()
            listener.send([{"T": "success", "msg": "connected"}])
            headers = socket.headers
            if "apca-api-key-id" in headers:
                self._authenticate(feed, listener, headers["apca-api-key-id"], headers.get("apca-api-secret-key", ""))
            await self._converse(feed, listener)
        finally:
            if self._listeners.get(feed) is listener:
                del self._listeners[feed]
            await socket.end()

    async def _converse(self, feed: str, listener: Listener) -> None:
        socket = listener.socket
        timeout = asyncio.get_running_loop().call_later(AUTH_TIMEOUT_S, self._auth_timeout, listener)
        try:
            while (raw := await socket.receive()) is not None:
                try:
                    message = msgpack.unpackb(raw) if listener.msgpack and isinstance(raw, bytes) else parse_json(raw)
                except (msgspec.DecodeError, ValueError, msgpack.exceptions.UnpackException):
                    listener.error(400)
                    continue
                self._obey(feed, listener, message)
        finally:
            timeout.cancel()

    def _auth_timeout(self, listener: Listener) -> None:
        if not listener.authenticated:
            listener.error(404)
            listener.socket.close()

    def _obey(self, feed: str, listener: Listener, message: Any) -> None:
        action = message.get("action") if isinstance(message, dict) else None
        if action == "auth":
            if listener.authenticated:
                listener.error(403)
            else:
                self._authenticate(feed, listener, *credentials(message))
        elif action not in ("subscribe", "unsubscribe"):
            listener.error(400)
        elif not listener.authenticated:
            listener.error(401)
        elif self._simulator.faults.take("data_405") is not None:
            listener.error(405)
        else:
            self._subscribe(listener, action, message)

    def _authenticate(self, feed: str, listener: Listener, key: str, secret: str) -> None:
        limited = self._simulator.faults.take("data_406")
        now_s = time.monotonic()
        if limited is not None:
            self._limit_until_s = now_s + float(limited.get("hold_s") or 0.0)
        if limited is not None or now_s < self._limit_until_s or feed in self._listeners:
            listener.error(406)
        elif self._simulator.faults.take("data_409") is not None:
            listener.error(409)
        elif not self._simulator.key_fits(key, secret):
            listener.error(402)
        else:
            listener.authenticated = True
            self._listeners[feed] = listener
            listener.send([{"T": "success", "msg": "authenticated"}])

    def _subscribe(self, listener: Listener, action: str, message: dict[str, Any]) -> None:
        named = {name: message[name] for name in CHANNELS if name in message}
        if any(not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols) for symbols in named.values()):
            listener.error(400)
            return
        for name, symbols in named.items():
            if action == "subscribe":
                listener.channels[name].update(symbols)
            else:
                listener.channels[name].difference_update(symbols)
        for automatic in ("corrections", "cancelErrors"):
            listener.channels[automatic] = set(listener.channels["trades"])
        listener.send([{"T": "subscription", **{name: sorted(symbols) for name, symbols in listener.channels.items()}}])
