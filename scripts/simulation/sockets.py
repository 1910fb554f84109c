"""Both streams without sockets: the simulated Alpaca's own conversation on one side, a stand-in for ClientConnection on the other."""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosedError

from scripts.simulation.http import MS
from scripts.simulation.timeline import Timeline
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.stream_data import Listener

FRAMES_MAX = 4096
CLOSED = object()
ABORTED = object()


class StreamWeather(Protocol):
    def frame_ns(self) -> int:
        """How long a frame travels; frames of one connection never overtake one another."""
        ...

    def refuses(self, stream: str) -> bool:
        """Nobody answers the handshake."""
        ...

    def alter(self, stream: str, frame: str | bytes) -> list[str | bytes]:
        """What arrives in place of a frame: nothing, itself, twice, another."""
        ...


class ServerEnd:
    """The simulated broker's view of one connection: what `alpaca_server/sockets.Socket` is to it."""

    def __init__(self, far: Connection) -> None:
        self._far = far
        self.headers: dict[str, str] = {}
        self.frames = 0
        self.open = True

    def put(self, frame: bytes | str, *, data: bool = False) -> bool:
        if self.open:
            self.frames += data
            self._far.travel(frame)
        return True

    def close(self) -> None:
        if self.open:
            self.open = False
            self._far.travel(CLOSED)

    def abort(self) -> None:
        if self.open:
            self.open = False
            self._far.travel(ABORTED)

    @types.coroutine
    def receive(self) -> Generator[None, bytes | str | None, bytes | str | None]:
        """The client's next message, None once it is gone."""
        return (yield)


class Connection:
    """The daemon's end: `send`, `recv`, iteration, `close` and `transport.abort()`."""

    def __init__(self, stream: str, timeline: Timeline, weather: StreamWeather, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = self
        self.stream = stream
        self._timeline = timeline
        self._weather = weather
        self._loop = loop
        self._arrived: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._last_ns = 0
        self._over: object | None = None
        self.server = ServerEnd(self)
        self.conversation: Any = None  # the broker's coroutine
        self.ended: Callable[[], None] = lambda: None

    def travel(self, frame: Any) -> None:
        """A frame leaves the broker."""
        frames = [frame] if frame in (CLOSED, ABORTED) else self._weather.alter(self.stream, frame)
        for one in frames:
            self._last_ns = max(self._last_ns, self._timeline.now_ns + self._weather.frame_ns())
            self._timeline.at(self._last_ns, lambda one=one: self._arrive(one))

    def _arrive(self, frame: Any) -> None:
        if self._over is None and not self._loop.is_closed():
            self._arrived.append(frame)
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_result(None)

    async def recv(self) -> str | bytes:
        """Raises ConnectionClosedError."""
        while not self._arrived:
            if self._over is not None:
                raise ConnectionClosedError(None, None)
            self._waiting = self._loop.create_future()
            await self._waiting
        frame = self._arrived.popleft()
        if frame is CLOSED or frame is ABORTED:
            self._finish(frame)
            raise ConnectionClosedError(None, None)
        return frame  # type: ignore[no-any-return]

    def __aiter__(self) -> Connection:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.recv()
        except ConnectionClosedError:
            if self._over is CLOSED:
                raise StopAsyncIteration from None
            raise

    async def send(self, text: str | bytes) -> None:
        self._timeline.after(self._weather.frame_ns(), lambda: self.say(text))

    def say(self, text: str | bytes | None) -> None:
        """The broker reads a message, None when the client is gone."""
        if self.conversation is None:
            return
        try:
            self.conversation.send(text)
        except StopIteration:
            self.conversation = None

    async def close(self) -> None:
        self._finish(CLOSED)

    def abort(self) -> None:
        self._finish(ABORTED)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _finish(self, how: object) -> None:
        if self._over is None:
            self._over = how
            self.server.open = False
            self.hang_up()

    def hang_up(self) -> None:
        """The broker forgets the connection."""
        if self.conversation is not None:
            self.conversation.close()
            self.conversation = None
        self.ended()


class Sockets:
    """Connections to the simulated broker. One trade stream and one data stream at a time, as Alpaca allows."""

    def __init__(self, simulator: Simulator, timeline: Timeline, weather: StreamWeather) -> None:
        self._simulator = simulator
        self._timeline = timeline
        self._weather = weather
        self.open: list[Connection] = []

    async def connect(self, url: str) -> Connection:
        """Raises OSError where nobody answers."""
        path = urlsplit(url).path
        stream = "trade" if path == "/stream" else "data"
        loop = asyncio.get_running_loop()
        await _pause(loop, self._timeline, self._weather.frame_ns() + MS)
        if self._weather.refuses(stream):
            raise ConnectionRefusedError(111, "connection refused")
        connection = Connection(stream, self._timeline, self._weather, loop)
        if stream == "trade":
            self._open_trade(connection)
        else:
            self._open_data(connection, path.removeprefix("/v2/"))
        self.open.append(connection)
        return connection

    def _open_trade(self, connection: Connection) -> None:
        hub: Any = self._simulator.trade_stream
        if hub.socket is not None:
            raise ConnectionRefusedError(111, "too many connections")

        def ended() -> None:
            if hub.socket is connection.server:
                hub.socket = None
            self._forget(connection)

        hub.socket = connection.server
        hub._listening.clear()
        connection.ended = ended
        connection.conversation = hub._converse(connection.server)
        connection.say(None)  # to its first `receive`

    def _open_data(self, connection: Connection, feed: str) -> None:
        hub: Any = self._simulator.data_stream
        server: Any = connection.server
        listener = Listener(server, False)

        def ended() -> None:
            if hub._listeners.get(feed) is listener:
                del hub._listeners[feed]
            self._forget(connection)

        connection.ended = ended
        listener.send([{"T": "success", "msg": "connected"}])
        connection.conversation = hub._converse(feed, listener)
        connection.say(None)

    def _forget(self, connection: Connection) -> None:
        if connection in self.open:
            self.open.remove(connection)

    def drop_all(self) -> None:
        """The program died: the broker sees its connections end."""
        for connection in tuple(self.open):
            connection._finish(ABORTED)

    def deliver(self, stream: str, frames: Sequence[str | bytes]) -> None:
        """Frames that were held back arrive, where their connection is still open."""
        for connection in tuple(self.open):
            if connection.stream == stream:
                for frame in frames:
                    connection.travel(frame)

    def cut(self, stream: str, *, abrupt: bool) -> None:
        """The broker or the net ends a stream's connection."""
        for connection in tuple(self.open):
            if connection.stream == stream:
                connection.travel(ABORTED if abrupt else CLOSED)
                connection.server.open = False
                connection.hang_up()


async def _pause(loop: asyncio.AbstractEventLoop, timeline: Timeline, delay_ns: int) -> None:
    future: asyncio.Future[None] = loop.create_future()
    timeline.after(delay_ns, lambda: None if future.done() or loop.is_closed() else future.set_result(None))
    await future
