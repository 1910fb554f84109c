"""Child processes of the simulated computer: a training that ends well or badly, as the world says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from scripts.simulation.timeline import Timeline

NO_PID: Final = 1 << 30  # no process has it: lowering its priority finds nobody
MINUTE_NS: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Ending:
    """How a training ends: after how long, with which exit code and words."""

    after_ns: int
    code: int
    out: bytes = b""
    err: bytes = b""


def promoted(model_id: str, after_ns: int = 20 * MINUTE_NS) -> Ending:
    return Ending(after_ns, 0, msgspec.json.encode({"folder": f"models/{model_id}", "promoted": True, "reason": "simulated"}))


def kept(after_ns: int = 20 * MINUTE_NS) -> Ending:
    return Ending(after_ns, 0, msgspec.json.encode({"folder": "models/candidate", "promoted": False, "reason": "simulated"}))


KILLED: Final = Ending(5 * MINUTE_NS, -9)  # by the kernel, for its memory (F4)
SILENT: Final = Ending(5 * MINUTE_NS, 0, b"training is fun\n")
CRASHED: Final = Ending(MINUTE_NS, 1, b"", b"RuntimeError: can't start new thread\n")  # F9
ENDLESS: Final = Ending(100 * 60 * MINUTE_NS, 0)  # F60: longer than its window


class WorldChildren:
    """`endings` are used up one by one, then trainings end with the incumbent kept or, now and then, with another model."""

    def __init__(self, timeline: Timeline, chance: random.Random, models: Sequence[str]) -> None:
        self._timeline = timeline
        self._chance = chance
        self._models = tuple(models)
        self.endings: list[Ending] = []
        self.started = 0

    def start(self, loop: asyncio.AbstractEventLoop, protocol: Any, words: tuple[str, ...]) -> Any:
        self.started += 1
        ending = self.endings.pop(0) if self.endings else self._usual()
        return _Child(loop, protocol, self._timeline, ending)

    def _usual(self) -> Ending:
        return promoted(self._chance.choice(self._models)) if self._chance.random() < 0.3 else kept()


class _Pipe(asyncio.ReadTransport):
    """The child's end of an output: nothing to pause, nothing to close."""

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False


class _Child(asyncio.SubprocessTransport):
    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, timeline: Timeline, ending: Ending) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._code: int | None = None
        self._waiters: list[asyncio.Future[int]] = []
        self._pipes = {1: _Pipe(), 2: _Pipe()}
        protocol.connection_made(self)
        timeline.after(ending.after_ns, lambda: self._end(ending.code, ending.out, ending.err))

    def _end(self, code: int, out: bytes = b"", err: bytes = b"") -> None:
        if self._code is not None or self._loop.is_closed():
            return
        self._code = code
        for fd, words in ((1, out), (2, err)):
            if words:
                self._loop.call_soon(self._protocol.pipe_data_received, fd, words)
            self._loop.call_soon(self._protocol.pipe_connection_lost, fd, None)
        self._loop.call_soon(self._protocol.process_exited)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(code)

    def get_pid(self) -> int:
        return NO_PID

    def get_returncode(self) -> int | None:
        return self._code

    def get_pipe_transport(self, fd: int) -> Any:
        return self._pipes.get(fd)

    def terminate(self) -> None:
        self._end(-15)

    def kill(self) -> None:
        self._end(-9)

    def close(self) -> None:
        pass

    async def _wait(self) -> int:
        if self._code is not None:
            return self._code
        waiter: asyncio.Future[int] = self._loop.create_future()
        self._waiters.append(waiter)
        return await waiter
