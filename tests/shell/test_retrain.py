"""Retraining in a child process: real children, every outcome recorded once."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tradebot.core.domain.commands import StartRetrain
from tradebot.core.domain.events import Event, JobEnded, ModelPromoted
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.inbox import Inbox
from tradebot.shell.lockstep import FrameTally, LockstepClock
from tradebot.shell.parts import Training
from tradebot.shell.quiet import Quiet
from tradebot.shell.retrain import NICENESS, Retrainer, TrainingReport, training_report

DAY = dt.date(2013, 10, 9)
PRINTS_NICENESS = """
import json, os, time
time.sleep(0.3)
print("learning")
print(json.dumps({"folder": f"/models/{os.nice(0)}", "promoted": True, "reason": "better"}))
"""
KEPT_OUT = 'print(\'{"folder": "/models/7", "promoted": false, "reason": "not proven better"}\')'


async def never(*_: object) -> None:
    raise AssertionError("nothing is asked of a server here")


async def trained(program: str, orders: int = 1, load: str = "") -> list[Event]:
    quiet = Quiet()
    inbox = Inbox(quiet)
    clock = LockstepClock(7, never, never, quiet, FrameTally(), lambda: 0, lambda severity, message: None)

    def command(session: dt.date) -> Sequence[str]:
        return [sys.executable, "-c", program]

    def loaded(folder: Path) -> tuple[str, str]:
        if load:
            raise OperatorFault(load)
        return f"model of {folder}", "hash"

    tasks: list[asyncio.Task[None]] = []

    def start(work: object) -> asyncio.Task[None]:
        tasks.append(asyncio.ensure_future(work))  # type: ignore[call-overload]
        return tasks[-1]

    retrainer = Retrainer(Training(command=command, load=loaded), clock, inbox, quiet, start)
    for _ in range(orders):
        retrainer.start(StartRetrain(DAY))
        await asyncio.sleep(0)
        if orders > 1:
            await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)
    events = [await inbox.get() for _ in range(len(inbox))]
    for _ in events:
        inbox.done()
    assert quiet.is_idle
    return events


async def test_a_new_model_is_promoted_and_the_child_ran_at_low_priority() -> None:
    promoted, ended = await trained(PRINTS_NICENESS)
    assert isinstance(promoted, ModelPromoted)
    assert (promoted.model_id, promoted.manifest_sha256) == (f"model of /models/{NICENESS}", "hash")
    assert isinstance(ended, JobEnded)
    assert promoted.reason == f"retrained after {DAY}: better"
    assert (ended.job, ended.session, ended.outcome) == ("retrain", DAY, "ran")
    assert ended.reason == f"model of /models/{NICENESS} trades now: better"


async def test_a_model_that_the_gate_kept_out_is_not_promoted_and_the_record_says_why() -> None:
    (ended,) = await trained(KEPT_OUT, load="a model that does not trade is not loaded")
    assert isinstance(ended, JobEnded)
    assert (ended.outcome, ended.reason) == ("ran", "the incumbent stays, 7 does not trade: not proven better")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('not enough sessions')", "exit code 1: not enough sessions"),
        ("print('hm')", "without naming a model folder"),
        ('print(\'{"folder": "/m"}\')', "whether it was promoted"),
    ],
)
async def test_a_failed_training_changes_no_model_and_says_why(program: str, words: str) -> None:
    (ended,) = await trained(program)
    assert isinstance(ended, JobEnded)
    assert ended.outcome == "failed"
    assert words in ended.reason


async def test_a_model_that_does_not_verify_is_not_promoted() -> None:
    (ended,) = await trained(PRINTS_NICENESS, load="the model file was tampered with")
    assert isinstance(ended, JobEnded)
    assert (ended.outcome, ended.reason) == ("failed", "the model file was tampered with")


async def test_a_second_order_meanwhile_is_skipped() -> None:
    events = await trained(PRINTS_NICENESS, orders=2)
    assert [e.outcome for e in events if isinstance(e, JobEnded)] == ["skipped", "ran"]


def test_the_folder_is_found_in_one_line_or_in_a_whole_document() -> None:
    assert training_report(b'progress\n{"folder": "/a", "promoted": true, "reason": "x"}\n') == TrainingReport(Path("/a"), True, "x")
    assert training_report(b'{\n "folder": "/b",\n "promoted": false, "reason": ""}\n') == TrainingReport(Path("/b"), False, "")
