"""One WebSocket as this server needs it: a bounded queue in front of a writer, frames counted as they are queued, and a hard way out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUEUE_FRAMES_MAX = 4096
_CLOSE = b"\x00close"
_ABORT = b"\x00abort"


class Socket:
    """An accepted WebSocket. `put` never waits; it answers False when the client is too slow to take more."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = {name.decode().lower(): value.decode() for name, value in scope.get("headers", ())}
        self.frames = 0  # data-bearing frames queued so far
        self.open = True
        self._receive, self._send = receive, send
        self._queue: asyncio.Queue[bytes | str] = asyncio.Queue(QUEUE_FRAMES_MAX)
        self._writer: asyncio.Task[None] | None = None

    async def accept(self) -> None:
        message = await self._receive()
        assert message["type"] == "websocket.connect"
        await self._send({"type": "websocket.accept"})
        self._writer = asyncio.create_task(self._write())

    async def deny(self, status: int, body: bytes) -> None:
        """Answer the handshake with an HTTP error instead of a socket."""
        await self._receive()
        start = {"type": "websocket.http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        await self._send(start)
        await self._send({"type": "websocket.http.response.body", "body": body})

    async def receive(self) -> bytes | str | None:
        """The next message, None once the client is gone."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            self.open = False
            return None
        data: bytes | str | None = message.get("bytes")
        return message.get("text") if data is None else data

    def put(self, frame: bytes | str, *, data: bool = False) -> bool:
        """Queue a frame; `data` frames are counted."""
        if not self.open:
            return True
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        self.frames += data
        return True

    def close(self) -> None:
        """A clean close after what is queued."""
        self._finish(_CLOSE)

    def abort(self) -> None:
        """A TCP reset after what is queued."""
        self._finish(_ABORT)

    def _finish(self, how: bytes) -> None:
        if not self.open:
            return
        self.open = False
        try:
            self._queue.put_nowait(how)
        except asyncio.QueueFull:
            self._reset()

    def _reset(self) -> None:
        protocol: Any = self._send.__self__  # type: ignore[attr-defined]  # uvicorn's protocol owns the transport
        protocol.transport.abort()

    async def end(self) -> None:
        """Stop the writer; to be called when the endpoint returns."""
        self.open = False
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])

    async def _write(self) -> None:
        while True:
            frame = await self._queue.get()
            if frame == _CLOSE:
                await self._send({"type": "websocket.close", "code": 1000})
                return
            if frame == _ABORT:
                self._reset()
                return
            await self._send({"type": "websocket.send", ("text" if isinstance(frame, str) else "bytes"): frame})
