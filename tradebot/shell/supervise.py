"""Tasks that must live as long as the daemon: a loss that is expected is waited out, a bug ends everything, loudly."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from tradebot.shell.clock import Report

BACKOFF_S_MIN: Final = 0.5
BACKOFF_S_MAX: Final = 60.0


class Supervisor:
    """Starts tasks and keeps the first failure. `wait` raises it; nothing dies silently (F7)."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def start(self, work: Coroutine[Any, Any, None], name: str = "") -> asyncio.Task[None]:
        """Run a coroutine; its failure is the daemon's."""
        task = asyncio.get_running_loop().create_task(work, name=name or getattr(work, "__name__", "task"))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, name: str, work: Callable[[], Awaitable[None]], expected: tuple[type[Exception], ...]) -> asyncio.Task[None]:
        """Run again and again, with growing pauses after an expected exception."""

        async def again() -> None:
            backoff_s = BACKOFF_S_MIN
            while True:
                try:
                    await work()
                    return
                except expected as error:
                    pause_s = backoff_s * random.uniform(0.5, 1.0)
                    self._report("warning", f"{name} failed, again in {pause_s:.1f} s: {error}")
                    backoff_s = min(2 * backoff_s, BACKOFF_S_MAX)
                    await asyncio.sleep(pause_s)

        return self.start(again(), name)

    def stop(self, reason: str) -> None:
        """The clean end; the first reason counts."""
        if not self._over.done():
            self._over.set_result(reason)

    def fail(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    async def wait(self) -> str:
        """The reason of a clean stop. Raises the first failure of any task."""
        return await asyncio.shield(self._over)

    @property
    def is_over(self) -> bool:
        return self._over.done()

    @property
    def has_failed(self) -> bool:
        return self._over.done() and not self._over.cancelled() and self._over.exception() is not None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report("critical", f"task {task.get_name()} died: {type(error).__name__}: {error}")
            self.fail(error)

    async def close(self) -> None:
        """Cancel what is left and see it end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self._over.done():
            self._over.cancel()
        elif not self._over.cancelled():
            self._over.exception()  # seen, so that the loop does not complain
