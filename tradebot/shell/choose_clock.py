"""The broker's clock decides which clock the daemon lives by: the base URL is the only difference between paper and simulation."""

from __future__ import annotations

from tradebot.shell.broker.rest import Rest
from tradebot.shell.broker.wire import ClockFact
from tradebot.shell.clock import AffineClock, Clock, Report, wall_clock
from tradebot.shell.lockstep import FrameTally, LockstepClock
from tradebot.shell.quiet import Quiet


def clock_from_broker(fact: ClockFact, answer_ns: int, rest: Rest, quiet: Quiet, tally: FrameTally, report: Report) -> Clock:
    """A real market: the wall. A simulated one: its speed, or its steps."""
    if fact.speed is None:
        return wall_clock(fact.now_ns, answer_ns, report)
    if fact.speed == 0:
        return LockstepClock(fact.now_ns, rest.get, rest.post_json, quiet, tally, lambda: rest.changes, report)
    return AffineClock(fact.now_ns, fact.speed, report)
