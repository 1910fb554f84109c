"""Alpaca's trade_updates: a hint that something happened to an order, the sooner the better. The truth is polled (WIRE.md 3 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderReport
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.wire import WireFault, order_report
from tradebot.shell.clock import Report
from tradebot.shell.feeds.reconnect import Connect, StreamLost, converse, keep_connected, open_socket
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.quiet import Quiet


class TradeStream:
    """`on_report` gets each update; `on_doubt` is called where something may have been missed: poll then."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        on_report: Callable[[OrderReport], None],
        on_doubt: Callable[[], None],
        report: Report,
        quiet: Quiet,
        tally: FrameTally,
        connect: Connect = open_socket,
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._on_report = on_report
        self._on_doubt = on_doubt
        self._report = report
        self._quiet = quiet
        self._tally = tally
        self._connect = connect
        self.is_up = False

    async def run(self) -> None:
        """Raises OperatorFault when the keys are wrong."""
        await keep_connected("trade stream", self._connection, self._report)

    async def _connection(self, subscribed: Callable[[], None]) -> None:
        def opened(socket: ClientConnection) -> None:
            self._tally.connected("trade_updates")
            self.is_up = True
            subscribed()
            self._on_doubt()

        try:
            await converse(self._url, self._quiet, self._tally.told, self._listen, opened, self._read, self._connect)
        finally:
            self.is_up = False

    async def _listen(self, socket: ClientConnection) -> None:
        keys = {"key_id": self._credentials.key_id, "secret_key": self._credentials.secret}
        await socket.send(msgspec.json.encode({"action": "authenticate", "data": keys}).decode())
        answer = await _answer(socket, "authorization")
        if answer.get("status") != "authorized":
            raise OperatorFault("Alpaca's trade stream does not accept the API key: check ALPACA_API_KEY and ALPACA_SECRET_KEY")
        await socket.send(msgspec.json.encode({"action": "listen", "data": {"streams": ["trade_updates"]}}).decode())
        answer = await _answer(socket, "listening")
        if "trade_updates" not in (answer.get("streams") or ()):
            raise StreamLost("the server does not stream trade updates")

    def _read(self, frame: str | bytes) -> None:
        try:
            message = msgspec.json.decode(frame)
        except msgspec.DecodeError:
            self._report("warning", "the trade stream sent a frame that is no JSON")
            self._on_doubt()
            return
        if not isinstance(message, dict) or message.get("stream") != "trade_updates":
            return
        data = message.get("data")
        order = data.get("order") if isinstance(data, dict) else None
        try:
            if not isinstance(order, dict):
                raise WireFault("a trade update without an order")
            self._on_report(order_report(order, "stream"))
        except WireFault as error:
            self._report("warning", f"trade stream: {error}")
            self._on_doubt()
        self._tally.received("trade_updates")


async def _answer(socket: ClientConnection, stream: str) -> dict[str, Any]:
    while True:
        try:
            message = msgspec.json.decode(await socket.recv())
        except msgspec.DecodeError as error:
            raise StreamLost("a control message that is no JSON") from error
        if isinstance(message, dict) and message.get("stream") == stream:
            data: dict[str, Any] = message.get("data") or {}
            return data
