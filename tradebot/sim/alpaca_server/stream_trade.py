"""`/stream`: trade updates as binary frames of JSON (WIRE.md section 3). One connection per account; a second handshake gets HTTP 429."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tradebot.sim.alpaca_server.order_json import update_json
from tradebot.sim.alpaca_server.sockets import Receive, Scope, Send, Socket
from tradebot.sim.alpaca_server.wire import json_bytes, parse_json
from tradebot.sim.venue_orders import VenueUpdate

if TYPE_CHECKING:
    from tradebot.sim.alpaca_server.state import Simulator

STREAM = "trade_updates"
UNKNOWN_STATUS = "quantum_entangled"


class TradeStream:
    """The hub of `/stream`: at most one socket, the streams that it listens to, and one update that a fault may hold back."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.socket: Socket | None = None
        self._listening: set[str] = set()
        self._held_back: dict[str, object] | None = None

    @property
    def frames(self) -> int:
        """Trade-update frames sent on the present connection."""
        return self.socket.frames if self.socket is not None else 0

    def publish(self, update: VenueUpdate) -> None:
        """Send an update, unless a fault decides otherwise."""
        socket = self.socket
        if socket is None or STREAM not in self._listening:
            return
        strikes = self._simulator.faults.take
        if strikes("trade_close") is not None:
            self._drop_connection(abrupt=False)
        elif strikes("trade_abort") is not None:
            self._drop_connection(abrupt=True)
        elif strikes("trade_mute") is not None or strikes("trade_drop", event=update.event) is not None:
            return
        elif strikes("trade_reorder", event=update.event) is not None:
            self._held_back = update_json(update)
        else:
            self._send(update, twice=strikes("trade_duplicate", event=update.event) is not None)

    def _send(self, update: VenueUpdate, *, twice: bool) -> None:
        assert self.socket is not None
        strange = self._simulator.faults.take("unknown_enum", where="trade_update") is not None
        messages = [update_json(update, UNKNOWN_STATUS if strange else "")] * (2 if twice else 1)
        if self._held_back is not None:
            messages.append(self._held_back)
            self._held_back = None
        for message in messages:
            if not self.socket.put(json_bytes(message), data=True):
                self._drop_connection(abrupt=True)
                return

    def _drop_connection(self, *, abrupt: bool) -> None:
        assert self.socket is not None
        if abrupt:
            self.socket.abort()
        else:
            self.socket.close()
        self.socket = None
        self._listening.clear()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from handshake to end."""
        socket = Socket(scope, receive, send)
        if self.socket is not None:
            await socket.deny(429, json_bytes({"code": 42910000, "message": "too many connections"}))
            return
        self.socket = socket
        self._listening.clear()
        try:
            await socket.accept()
            await self._converse(socket)
        finally:
            if self.socket is socket:
                self.socket = None
            await socket.end()

    async def _converse(self, socket: Socket) -> None:
        authorized = False
        while (raw := await socket.receive()) is not None:
            try:
                message = parse_json(raw)
            except msgspec.DecodeError:
                socket.put(json_bytes({"stream": "listening", "data": {"error": "invalid message"}}))
                continue
            action = message.get("action") if isinstance(message, dict) else None
            if action in ("authenticate", "auth"):
                key, secret = credentials(message)
                authorized = self._simulator.key_fits(key, secret)
                status = "authorized" if authorized else "unauthorized"
                socket.put(json_bytes({"stream": "authorization", "data": {"status": status, "action": "authenticate"}}))
            elif action == "listen" and authorized:
                wanted = (message.get("data") or {}).get("streams") or []
                self._listening = {name for name in wanted if name == STREAM}
                socket.put(json_bytes({"stream": "listening", "data": {"streams": sorted(self._listening)}}))
            else:
                socket.put(json_bytes({"stream": "listening", "data": {"error": "not authorized" if not authorized else "unknown action"}}))


def credentials(message: dict[str, Any]) -> tuple[str, str]:
    """Key and secret in either dialect: `data.key_id`/`data.secret_key`, or `key`/`secret`."""
    data = message.get("data") or {}
    return str(message.get("key") or data.get("key_id") or ""), str(message.get("secret") or data.get("secret_key") or "")
