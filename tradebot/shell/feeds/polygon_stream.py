"""Massive's stock socket: connect, authenticate, subscribe to minute aggregates (AM) and quotes (Q), hand them on (WIRE.md section 5).

One connection per cluster: `max_connections` means that a dead one still holds the slot, or that another program has it. The server may
close cleanly at any time; that is a loss like any other, waited out with backoff.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.clock import Report
from tradebot.shell.feeds.bar_wire import Bar, BarFault
from tradebot.shell.feeds.polygon_host import KEY_HINT, PolygonHost
from tradebot.shell.feeds.polygon_wire import bar_of_aggregate, messages, quote_of_message
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault
from tradebot.shell.feeds.reconnect import SLOT_HELD_S, Connect, StreamLost, converse, keep_connected, open_socket
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.quiet import Quiet

GRANT_S_MAX: Final = 2.0  # an acknowledgement comes at once, or not at all
TALLY: Final = "massive"  # the stream's name at a simulated server
NO_KEY: Final = "auth_failed"
SLOT_TAKEN: Final = "max_connections"
REFUSED: Final = ("auth_timeout", "error")


class PolygonStream:
    """As DataStream: `on_bars` gets the bars of one frame, `on_subscribed` is called after each connection, `on_lost` after it."""

    def __init__(
        self,
        host: PolygonHost,
        symbols: Sequence[str],
        on_bars: Callable[[list[Bar]], None],
        on_subscribed: Callable[[], None],
        on_lost: Callable[[], None],
        report: Report,
        quiet: Quiet,
        tally: FrameTally,
        on_quotes: Callable[[list[Quote]], None] | None = None,
        connect: Connect = open_socket,
    ) -> None:
        self._host = host
        self._symbols = list(symbols)
        self._on_bars = on_bars
        self._on_quotes = on_quotes
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._report = report
        self._quiet = quiet
        self._tally = tally
        self._connect = connect
        self._socket: ClientConnection | None = None
        self.is_up = False

    async def run(self) -> None:
        """Raises OperatorFault when the key is wrong."""
        await keep_connected("Massive stream", self._connection, self._report)

    def reconnect(self, reason: str) -> None:
        """Give up on the connection, which is open but mute."""
        if self._socket is not None and self.is_up:
            self._report("warning", f"Massive stream is cut: {reason}")
            self.is_up = False
            self._socket.transport.abort()

    async def _connection(self, subscribed: Callable[[], None]) -> None:
        def opened(socket: ClientConnection) -> None:
            self._socket = socket
            self._tally.connected(TALLY)
            self.is_up = True
            subscribed()
            self._on_subscribed()

        try:
            await converse(self._host.stream_url, self._quiet, self._tally.told, self._subscribe, opened, self._read, self._connect)
        finally:
            self.is_up = False
            self._on_lost()

    async def _subscribe(self, socket: ClientConnection) -> None:
        await _expect(socket, "connected")
        await _say(socket, "auth", self._host.key.secret)
        await _expect(socket, "auth_success")
        channels = ("AM",) if self._on_quotes is None else ("AM", "Q")
        wanted = {f"{channel}.{symbol}" for channel in channels for symbol in self._symbols}
        await _say(socket, "subscribe", ",".join(sorted(wanted)))
        try:
            async with asyncio.timeout(GRANT_S_MAX):
                while wanted:
                    wanted -= set((await _expect(socket, "success")).replace(",", " ").split())
        except TimeoutError:
            self._report("critical", f"the Massive stream gives no {', '.join(sorted(wanted))}")

    def _read(self, text: str | bytes) -> None:
        try:
            found = messages(text)
        except BarFault as error:
            self._report("warning", str(error))
            return
        bars, quotes, is_counted = list[Bar](), list[Quote](), False
        for message in found:
            kind = message.get("ev")
            is_counted |= kind in ("AM", "Q")
            try:
                if kind == "AM":
                    bars.append(bar_of_aggregate(message))
                elif kind == "Q":
                    quotes.append(quote_of_message(message))
                elif kind == "status":
                    _raise_loss(message)
            except (BarFault, QuoteFault) as error:
                self._report("warning", f"refused {error}")
        if quotes and self._on_quotes is not None:
            self._on_quotes(quotes)
        if bars:
            self._on_bars(bars)
        if is_counted:
            self._tally.received(TALLY)


async def _say(socket: ClientConnection, action: str, params: str) -> None:
    await socket.send(msgspec.json.encode({"action": action, "params": params}).decode())


async def _expect(socket: ClientConnection, status: str) -> str:
    """The texts of the next frame with status messages of this kind. A subscription has one for each thing asked for."""
    while True:
        try:
            found = messages(await socket.recv())
        except BarFault as error:
            raise StreamLost("a control message that is no JSON") from error
        told = [message for message in found if message.get("ev") == "status"]
        for message in told:
            _raise_loss(message)
        texts = [str(message.get("message") or "") for message in told if message.get("status") == status]
        if texts:
            return " ".join(texts)


def _raise_loss(message: dict[str, Any]) -> None:
    """Raises OperatorFault for a key that isn't accepted, StreamLost for any other status that ends a connection."""
    status, text = message.get("status"), str(message.get("message") or "")
    if status == NO_KEY:
        raise OperatorFault(f"Massive's stream does not accept the API key, or the plan has no stream: {KEY_HINT}")
    if status == SLOT_TAKEN:
        raise StreamLost(f"{status}: {text}", SLOT_HELD_S)
    if status in REFUSED:
        raise StreamLost(f"{status}: {text}")
