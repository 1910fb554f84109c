"""What a daemon reaches outside of its own memory: the lock, the disk, the wire and the clock. Production takes these as they stand.

The seeded simulation of faults (scripts/simulation) puts its own in their place; everything between them is then the real thing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tradebot.core.domain.events import OperatorOrder
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.rest import Rest
from tradebot.shell.broker.wire import ClockFact
from tradebot.shell.choose_clock import clock_from_broker
from tradebot.shell.clock import Clock, Report
from tradebot.shell.feeds.reconnect import Connect, open_socket
from tradebot.shell.instance_lock import InstanceLock
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.quiet import Quiet
from tradebot.shell.store.database import private_folder
from tradebot.shell.store.journal import Journal

Tell = Callable[[OperatorOrder, str], None]  # order, reason


class Lock(Protocol):
    def release(self) -> None: ...


def lock_folder(folder: Path) -> Lock:
    """One daemon per state folder. Raises OperatorFault when it cannot be used or another daemon has it."""
    return InstanceLock(private_folder(folder) / "lock")


def settle_memory() -> None:
    """What is alive now stays alive: the collector need not look at it again in mid-minute."""
    gc.collect()
    gc.freeze()


def _nobody(tell: Tell) -> None:
    """A person speaks over the control socket (shell/api.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Each is called once a life, `rest` once a host, `connect` once a connection. `meet_person` hands over the way to give orders."""

    lock: Callable[[Path], Lock] = lock_folder
    journal: Callable[[str], Journal] = Journal.open
    rest: Callable[[str, Credentials], Rest] = Rest
    clock: Callable[[ClockFact, int, Rest, Quiet, FrameTally, Report], Clock] = clock_from_broker
    connect: Connect = open_socket
    settle_memory: Callable[[], None] = settle_memory
    meet_person: Callable[[Tell], None] = _nobody


REAL: Final = Outside()
