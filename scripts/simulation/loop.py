"""An event loop without a wire and without a wall: time jumps to the next timer or to whatever the world does first.

Callbacks run in asyncio's own order (first in, first out), so one seed gives one history. Threads don't exist here: what is handed to one
runs at once. A child process is a script of the world (`Children`).
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from scripts.simulation.timeline import Timeline

NS_PER_S = 1_000_000_000


class Stalled(Exception):
    """Nothing will ever happen again, and the program still waits."""


class Killed(BaseException):
    """The program is killed at this very place: nothing catches it."""


class Children(Protocol):
    def start(self, loop: VirtualLoop, protocol: asyncio.SubprocessProtocol, words: tuple[str, ...]) -> asyncio.SubprocessTransport: ...


class VirtualLoop(asyncio.BaseEventLoop):
    """One life of a program. `kill` ends it as SIGKILL does: nothing of it runs any more. `freeze` stops it as SIGSTOP does."""

    def __init__(self, timeline: Timeline, children: Children) -> None:
        super().__init__()
        self._timeline = timeline
        self._children = children
        self._clock_resolution = 1e-7
        self._frozen_until_ns = 0
        self._signals: dict[int, Callable[[], Any]] = {}
        self.is_killed = False
        self.complaints: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.complaints.append(context))

    def time(self) -> float:
        return (self._timeline.now_ns - self._timeline.start_ns) / NS_PER_S

    def kill(self) -> None:
        self.is_killed = True
        self.stop()

    def freeze(self, until_ns: int) -> None:
        self._frozen_until_ns = max(self._frozen_until_ns, until_ns)

    def thaw(self) -> None:
        self._frozen_until_ns = 0

    def signal(self, number: int) -> None:
        """Deliver a signal; without a handler the program dies of it."""
        ring = self._signals.get(number)
        if ring is None:
            self.kill()
        else:
            self.call_soon(ring)

    def run(self, main: Any) -> Any:
        """Until `main` ends or the program is killed: then None, and nothing of it may run again."""
        task = self.create_task(main)
        task.add_done_callback(lambda _: self.stop())
        self.run_forever()
        return None if self.is_killed else task.result()

    def bury(self) -> None:
        """Close every coroutine that is left, so that no `finally` of a dead program runs later, at a time of the collector's choosing."""
        for task in sorted(asyncio.all_tasks(self), key=lambda t: t.get_name()):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine: Any = task.get_coro()
            with suppress(RuntimeError):  # it waits in a `finally`: a dead program doesn't
                coroutine.close()
        self._ready.clear()  # type: ignore[attr-defined]
        self._scheduled.clear()  # type: ignore[attr-defined]
        self.close()

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._pass_time(ready)
        for _ in range(len(ready)):
            if self.is_killed:
                return
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _pass_time(self, ready: Any) -> None:
        """To the next instant at which something may run here."""
        timeline, scheduled = self._timeline, self._scheduled  # type: ignore[attr-defined]
        while not ready and not self.is_killed:
            if timeline.now_ns < self._frozen_until_ns:
                self._sleep_on(timeline)
                continue
            while scheduled and scheduled[0]._cancelled:
                heapq.heappop(scheduled)._scheduled = False
            world_ns = timeline.next_ns()
            if not scheduled:
                if world_ns is None:
                    raise Stalled
                timeline.step()
                continue
            due_ns = timeline.start_ns + math.ceil(scheduled[0]._when * NS_PER_S)
            if world_ns is not None and world_ns <= due_ns:
                timeline.step()
                continue
            timeline.pass_to(due_ns)
            until = self.time() + self._clock_resolution
            while scheduled and scheduled[0]._when <= until:
                handle = heapq.heappop(scheduled)
                handle._scheduled = False
                ready.append(handle)

    def _sleep_on(self, timeline: Timeline) -> None:
        world_ns = timeline.next_ns()
        if world_ns is not None and world_ns <= self._frozen_until_ns:
            timeline.step()
        else:
            timeline.pass_to(self._frozen_until_ns)

    # What BaseEventLoop asks of a real one.

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = self.create_future()
        future.set_result(func(*args))  # what it raises comes out of the same `await`
        return future

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:
        self._signals[sig] = lambda: callback(*args)

    def remove_signal_handler(self, sig: int) -> bool:
        return self._signals.pop(sig, None) is not None

    async def subprocess_exec(self, protocol_factory: Any, *args: Any, **kwargs: Any) -> Any:
        protocol = protocol_factory()
        return self._children.start(self, protocol, args), protocol
