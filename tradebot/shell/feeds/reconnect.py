"""Keeping a stream connected: backoff with jitter, longer where the server holds a dead connection's slot (WIRE.md 7)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidStatus, WebSocketException

from tradebot.shell.clock import Report
from tradebot.shell.quiet import Quiet

BACKOFF_S_MIN: Final = 0.25
BACKOFF_S_MAX: Final = 30.0
SLOT_HELD_S: Final = 95.0  # a half-dead connection holds the only slot for about 90 s
TOO_MANY: Final = 429
OPEN_TIMEOUT_S: Final = 10.0


Connect = Callable[[str], Awaitable[Any]]  # a URL -> an open ClientConnection


async def open_socket(url: str) -> ClientConnection:
    """A WebSocket. Raises as websockets does."""
    return await connect_websocket(
        url,
        open_timeout=OPEN_TIMEOUT_S,
        ping_interval=10.0,
        ping_timeout=20.0,
        close_timeout=2.0,
        max_size=2**24,
        max_queue=1_024,
        proxy=None,
    )


class StreamLost(Exception):
    """The connection is of no more use. `wait_s_min`: do not come back earlier."""

    def __init__(self, reason: str, wait_s_min: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s_min = wait_s_min


async def converse(
    url: str,
    quiet: Quiet,
    told: asyncio.Event,
    handshake: Callable[[ClientConnection], Awaitable[None]],
    opened: Callable[[ClientConnection], None],
    read: Callable[[str | bytes], None],
    connect: Connect = open_socket,
) -> None:
    """One connection: shake hands, say so, read until it ends. Raises as websockets does.

    Simulated time waits for the handshake, and a frame that comes while time is being moved waits for `told`.
    """
    socket: ClientConnection | None = None
    is_open = False
    quiet.begin()
    try:
        async with asyncio.timeout(2 * OPEN_TIMEOUT_S):
            socket = await connect(url)
            await handshake(socket)
        opened(socket)
        is_open = True
    finally:
        quiet.end()
        if socket is not None and not is_open:
            socket.transport.abort()
    try:
        async for frame in socket:
            if not told.is_set():
                await told.wait()
            read(frame)
    finally:
        await socket.close()


async def keep_connected(name: str, connect_and_read: Callable[[Callable[[], None]], Awaitable[None]], report: Report) -> None:
    """Run one connection after the other, for ever. `connect_and_read` calls its argument once it is subscribed, and then reads.

    Raises what is no loss of connection: OperatorFault, or a bug.
    """
    backoff_s = BACKOFF_S_MIN

    def subscribed() -> None:
        nonlocal backoff_s
        backoff_s = BACKOFF_S_MIN

    while True:
        wait_s = 0.0
        try:
            await connect_and_read(subscribed)
            reason = "the server closed the connection"
        except StreamLost as error:
            reason, wait_s = str(error), error.wait_s_min
        except InvalidStatus as error:
            status = error.response.status_code
            reason, wait_s = f"HTTP {status} at the handshake", SLOT_HELD_S if status == TOO_MANY else 0.0
        except (OSError, TimeoutError, WebSocketException) as error:
            reason = f"{type(error).__name__}: {error}"
        wait_s = max(wait_s, backoff_s * random.uniform(0.5, 1.0))
        backoff_s = min(2 * backoff_s, BACKOFF_S_MAX)
        report("warning", f"{name} lost, again in {wait_s:.1f} s: {reason}")
        await asyncio.sleep(wait_s)
