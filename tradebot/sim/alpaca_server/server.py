"""Running the simulated Alpaca: in the foreground for the CLI (`serve`), beside other tasks (`serve_async`), or in a thread for tests."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from types import TracebackType
from typing import Any

import uvicorn

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import SessionTable
from tradebot.sim.alpaca_server.app import build_app
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.venue_config import VenueConfig

Ready = Callable[[int], None]
_TICK_S = 0.005  # how often the free-running clock moves the market on its own


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: stopping is ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OperatorFault when the port is taken or cannot be used."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise OperatorFault(f"Cannot listen on {host}:{port} for the simulated Alpaca: {error}.") from error
    return listening


async def serve_async(
    simulator: Simulator, listening: socket.socket, ready: Ready | None = None, stop: asyncio.Event | None = None
) -> None:
    """Serve until cancelled or until `stop` is set. `ready` is called with the port once connections are taken."""
    config = uvicorn.Config(
        build_app(simulator),
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        ws_max_size=1 << 20,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    ending = asyncio.create_task((stop or asyncio.Event()).wait())
    clock = asyncio.create_task(_run_clock(simulator))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.001)
        simulator.start_clock()
        if ready is not None and server.started:
            ready(listening.getsockname()[1])
        await asyncio.wait({serving, ending, clock}, return_when=asyncio.FIRST_COMPLETED)
        ended: tuple[asyncio.Future[Any], ...] = (serving, clock)
        for task in ended:
            if task.done():
                await task  # a fault of the server or of the clock comes out here
    finally:
        server.should_exit = True
        for task in (clock, ending):
            task.cancel()
        await asyncio.wait({serving, clock, ending})
        listening.close()


async def _run_clock(simulator: Simulator) -> None:
    """Free-running mode: keep the market at the present, a slice at a time so that requests get their turn."""
    if simulator.step_mode:
        await asyncio.Event().wait()
    while True:
        simulator.catch_up()
        await asyncio.sleep(_TICK_S)


def _run(main: Coroutine[Any, Any, None]) -> None:
    """asyncio.run, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)


def serve(
    histories: Mapping[str, BarColumns],
    sessions: SessionTable,
    *,
    port: int,
    start_ns: int,
    speed: float,
    venue: VenueConfig,
    host: str = "127.0.0.1",
    ready: Ready | None = None,
    key: str = "",
    secret: str = "",
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; prints nothing. Port 0 takes any free port and tells it through `ready`.

    `speed` 0 is step mode. `key` and `secret` pin the only accepted API keys. Raises OperatorFault when the port is taken.
    """
    listening = bind(host, port)
    simulator = Simulator(histories, sessions, start_ns, speed, venue, key, secret)

    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
        await serve_async(simulator, listening, ready, stop)

    _run(main())


class ServerThread:
    """A simulated Alpaca in a thread of its own, for tests: `with ServerThread(simulator) as server: server.url`.

    Attributes of the simulator may be read from outside; it must be changed through the wire.
    """

    def __init__(self, simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> None:
        self.simulator = simulator
        self._listening = bind(host, port)
        self.host, self.port = host, int(self._listening.getsockname()[1])
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: _run(self._main()), name="simulated-alpaca", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.host}:{self.port}"

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await serve_async(self.simulator, self._listening, lambda port: self._up.set(), self._stop)

    def __enter__(self) -> ServerThread:
        self._thread.start()
        if not self._up.wait(timeout=30):
            raise RuntimeError("the simulated Alpaca did not start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=30)
