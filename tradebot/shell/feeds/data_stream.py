"""Alpaca's data stream v2: connect, authenticate, subscribe to minute bars and quotes, hand them on (WIRE.md section 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.clock import Report
from tradebot.shell.feeds.bar_wire import Bar, BarFault, Frame, bar_of_frame, bar_of_json, frames
from tradebot.shell.feeds.correction import Correction, trade_correction
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault, quote_of_frame, quote_of_json
from tradebot.shell.feeds.reconnect import SLOT_HELD_S, Connect, StreamLost, converse, keep_connected, open_socket
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.quiet import Quiet

AUTH_FAILED: Final = 402
SYMBOL_LIMIT: Final = 405
SLOT_TAKEN: Final = 406
NO_RIGHT: Final = (409, 411)
CLOSING: Final = (404, 407)  # the server is about to hang up: too late with the keys, or too slow a reader


class SymbolLimit(StreamLost):
    """The account may not subscribe to so many symbols."""


class DataStream:
    """`on_bars` gets the bars of one frame; `on_subscribed` is called after each connection before any bar of it, `on_lost` after it.

    `on_quotes`, where given, gets the quotes of one frame; a stream that refuses them still brings bars. `on_updates`, where given, gets
    bars that a late print has changed, and `on_corrections` trades that were corrected or cancelled. `on_status`, where given, gets the
    symbol, the code and the text of each trading status.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        symbols: Sequence[str],
        on_bars: Callable[[list[Bar]], None],
        on_subscribed: Callable[[], None],
        on_lost: Callable[[], None],
        report: Report,
        quiet: Quiet,
        tally: FrameTally,
        on_quotes: Callable[[list[Quote]], None] | None = None,
        connect: Connect = open_socket,
        on_updates: Callable[[list[Bar]], None] | None = None,
        on_corrections: Callable[[list[Correction]], None] | None = None,
        on_status: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self._on_status = on_status
        self._on_updates = on_updates
        self._on_corrections = on_corrections
        self._url = url
        self._credentials = credentials
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
        """Raises OperatorFault when the keys or the subscription are wrong."""
        await keep_connected("data stream", self._connection, self._report)

    def reconnect(self, reason: str) -> None:
        """Give up on the connection, which is open but mute."""
        if self._socket is not None and self.is_up:
            self._report("warning", f"data stream is cut: {reason}")
            self.is_up = False
            self._socket.transport.abort()

    async def _connection(self, subscribed: Callable[[], None]) -> None:
        def opened(socket: ClientConnection) -> None:
            self._socket = socket
            self._tally.connected("data")
            self.is_up = True
            subscribed()
            self._on_subscribed()

        try:
            await converse(self._url, self._quiet, self._tally.told, self._subscribe, opened, self._read, self._connect)
        finally:
            self.is_up = False
            self._on_lost()

    async def _subscribe(self, socket: ClientConnection) -> None:
        await _expect(socket, "connected")
        keys = {"key": self._credentials.key_id, "secret": self._credentials.secret}
        await socket.send(msgspec.json.encode({"action": "auth", **keys}).decode())
        await _expect(socket, "authenticated")
        extra = {"updatedBars": self._on_updates, "statuses": self._on_status, "quotes": self._on_quotes}  # the last is the first to go
        channels = ["bars", *(channel for channel, hears in extra.items() if hears is not None)]
        while True:
            try:
                granted = await _ask(socket, dict.fromkeys(channels, self._symbols))
                break
            except SymbolLimit as limit:
                if len(channels) == 1:
                    raise
                self._report("critical", f"the data stream gives no {channels.pop()} of {len(self._symbols)} symbols: {limit}")
        for channel in channels:
            missing = sorted(set(self._symbols) - set(granted.get(channel) or ()))
            if missing:
                self._report("critical", f"the data stream gives no {channel} of {', '.join(missing)}")

    def _read(self, text: str | bytes) -> None:
        try:
            messages = frames(text)
        except BarFault as error:
            self._report("warning", str(error))
            return
        bars, updates, quotes, corrections = list[Bar](), list[Bar](), list[Quote](), list[Correction]()
        is_counted = False
        for message in messages:
            kind = message.T if isinstance(message, Frame) else message.get("T")
            is_counted |= kind in ("b", "u", "q")
            try:
                if kind in ("b", "u"):
                    bar = bar_of_frame(message) if isinstance(message, Frame) else bar_of_json(str(message.get("S") or ""), message)
                    (bars if kind == "b" else updates).append(bar)
                elif kind == "q":
                    quotes.append(
                        quote_of_frame(message) if isinstance(message, Frame) else quote_of_json(str(message.get("S") or ""), message)
                    )
                elif kind == "s" and isinstance(message, Frame) and self._on_status is not None:
                    self._on_status(message.S, message.sc, " ".join(filter(None, (message.sm, message.rm))))
                elif kind in ("c", "x") and isinstance(message, Frame):
                    corrections.append(trade_correction(message))
            except (BarFault, QuoteFault) as error:
                self._report("warning", f"refused {error}")
            except ValueError as error:
                self._report(
                    "warning", f"refused a correction of {message.get('S') if isinstance(message, Mapping) else message.S}: {error}"
                )
            if kind == "error":
                code, text_ = (message.code, message.msg) if isinstance(message, Frame) else (message.get("code"), message.get("msg"))
                self._on_error(code, str(text_))
        if quotes and self._on_quotes is not None:
            self._on_quotes(quotes)
        if bars:
            self._on_bars(bars)
        if updates and self._on_updates is not None:
            self._on_updates(updates)
        if corrections and self._on_corrections is not None:
            self._on_corrections(corrections)
        if is_counted:
            self._tally.received("data")

    def _on_error(self, code: Any, message: str) -> None:
        if code in CLOSING or code == SLOT_TAKEN:
            raise StreamLost(f"error {code}: {message}", SLOT_HELD_S if code == SLOT_TAKEN else 0.0)
        self._report("critical", f"data stream error {code}: {message}")


async def _ask(socket: ClientConnection, wanted: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """Subscribe, and what is subscribed to then."""
    await socket.send(msgspec.json.encode({"action": "subscribe", **wanted}).decode())
    return await _expect(socket, "subscription")


async def _expect(socket: ClientConnection, what: str) -> Mapping[str, Any]:
    """The next control message that says `what`. Raises OperatorFault or StreamLost for an error in its place."""
    while True:
        try:
            messages = msgspec.json.decode(await socket.recv())
        except msgspec.DecodeError as error:
            raise StreamLost("a control message that is no JSON") from error
        for message in messages if isinstance(messages, list) else ():
            if message.get("T") == "error":
                code = message.get("code")
                if code == AUTH_FAILED:
                    raise OperatorFault("Alpaca's data stream does not accept the API key: check ALPACA_API_KEY and ALPACA_SECRET_KEY")
                if code in NO_RIGHT:
                    raise OperatorFault(f"Alpaca's data stream refuses this feed: {message.get('msg')}")
                if code == SYMBOL_LIMIT:
                    raise SymbolLimit(f"error {code}: {message.get('msg')}")
                raise StreamLost(f"error {code}: {message.get('msg')}", SLOT_HELD_S if code == SLOT_TAKEN else 0.0)
            if what in (message.get("T"), message.get("msg")):
                found: Mapping[str, Any] = message
                return found
