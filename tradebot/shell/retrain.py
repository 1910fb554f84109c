"""Training in a child process at low priority; a model that passed the gate comes back as a `ModelPromoted` event.

The child trains, evaluates, registers and promotes; its report says whether the new version trades now, and why or why not.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tradebot.core.domain.commands import StartRetrain
from tradebot.core.domain.events import JobEnded, ModelPromoted, TickKind
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.clock import Clock
from tradebot.shell.crash_points import reach
from tradebot.shell.inbox import Inbox
from tradebot.shell.parts import Training
from tradebot.shell.quiet import Quiet

NICENESS: Final = 15
TIMEOUT_S: Final = 6 * 3_600.0
STOP_S: Final = 5.0
LINE_BYTES_MAX: Final = 2**22
WORDS_MAX: Final = 500


class Retrainer:
    """Runs one training at a time. Every order to train ends in one `JobEnded`."""

    def __init__(
        self, training: Training, clock: Clock, inbox: Inbox, quiet: Quiet, start_task: Callable[[Any], asyncio.Task[None]]
    ) -> None:
        self._training = training
        self._clock = clock
        self._inbox = inbox
        self._quiet = quiet
        self._start_task = start_task
        self._child: asyncio.subprocess.Process | None = None

    def start(self, order: StartRetrain) -> None:
        """Train for a session; a second order while a child works is skipped and recorded."""
        if self._child is not None:
            self._end(order.session, "skipped", "a training is under way")
            return
        self._quiet.begin()
        self._start_task(self._run(order.session))

    async def _run(self, session: dt.date) -> None:
        try:
            report = await self._train(session)
            if report.promoted:
                model_id, sha256 = await asyncio.to_thread(self._training.load, report.folder)
        except OperatorFault as fault:
            self._end(session, "failed", str(fault))
        else:
            if report.promoted:
                reason = f"retrained after {session}: {report.reason}"
                reach("promotion_not_handled")
                self._inbox.put(ModelPromoted(ts_event_ns=self._clock.now_ns(), model_id=model_id, manifest_sha256=sha256, reason=reason))
                self._end(session, "ran", f"{model_id} trades now: {report.reason}")
            else:
                self._end(session, "ran", f"the incumbent stays, {report.folder.name} does not trade: {report.reason}")
        finally:
            self._child = None
            self._quiet.end()

    async def _train(self, session: dt.date) -> TrainingReport:
        """What the child says. Raises OperatorFault with the child's last words."""
        try:
            self._child = child = await asyncio.create_subprocess_exec(
                *self._training.command(session),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_BYTES_MAX,
            )
        except OSError as error:
            raise OperatorFault(f"training cannot be started: {error.strerror}") from error
        lower_priority(child.pid)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                out, err = await child.communicate()
        except TimeoutError as error:
            raise OperatorFault(f"training took more than {TIMEOUT_S / 3_600:.0f} h and was ended") from error
        finally:
            await self._stop(child)
        if child.returncode:
            words = err.decode("utf-8", "replace").strip()[-WORDS_MAX:] or "it said nothing"
            raise OperatorFault(f"training failed with exit code {child.returncode}: {words}")
        return training_report(out)

    @staticmethod
    async def _stop(child: asyncio.subprocess.Process) -> None:
        if child.returncode is not None:
            return
        child.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await child.wait()
        except TimeoutError:
            child.kill()

    def _end(self, session: dt.date, outcome: str, reason: str) -> None:
        self._inbox.put(
            JobEnded(ts_event_ns=self._clock.now_ns(), job=TickKind.RETRAIN.value, session=session, outcome=outcome, reason=reason)
        )


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """A new version, and whether it passed the gate."""

    folder: Path
    promoted: bool
    reason: str


def training_report(output: bytes) -> TrainingReport:
    """From the JSON object that the child printed, alone or on a line of its own. Raises OperatorFault."""
    for line in (output, *reversed(output.splitlines())):
        try:
            said = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        match said:
            case {"folder": str(folder), "promoted": bool(promoted), "reason": str(reason)}:
                return TrainingReport(Path(folder), promoted, reason)
    raise OperatorFault("training ended without naming a model folder and whether it was promoted")


def lower_priority(pid: int) -> None:
    """To what is left over: a thread of the trading loop that wakes goes first, at once, where there is such a class (SCHED_IDLE).

    From outside, because nothing but exec may happen between fork and exec in a process with threads; what the child starts inherits it.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
        if hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    except ProcessLookupError:
        return  # it has ended already
