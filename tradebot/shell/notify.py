"""What systemd is told of this daemon: READY, STATUS, WATCHDOG and STOPPING, a datagram each (sd_notify(3)).

A blocked loop sends nothing and a pump that makes no progress sends no WATCHDOG=1, so systemd ends the process and its next start is a
recovery. A mute feed withholds nothing: a new start would not make the provider speak, and the stops rest at the broker.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

LOOK_S_MAX: Final = 15.0  # between two STATUS lines where no watchdog asks for more
EXTEND_S: Final = 120  # a start that waits for the broker or for history goes on for as long as its loop lives


@dataclass(frozen=True, slots=True)
class Health:
    """One look. `status` is one line for people, `fault` what keeps the daemon from working ("": nothing)."""

    status: str
    is_trading: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Notifier:
    """`address` of systemd's datagram socket ("": nobody listens), `watchdog_s` within which it wants to hear of us (0: it doesn't)."""

    address: str = ""
    watchdog_s: float = 0.0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Notifier:
        """As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say; a watchdog that is set for another process is none of ours."""
        usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
        is_ours = usec.isdecimal() and pid in ("", str(os.getpid()))
        return cls(environment.get("NOTIFY_SOCKET", ""), int(usec) / 1e6 if is_ours else 0.0)

    def send(self, *facts: str) -> bool:
        """Whether systemd has it. Never waits: a full or missing socket costs a message, not a minute."""
        if not self.address:
            return False
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as wire:
                wire.sendto("\n".join(facts).encode(), address)
        except OSError:
            return False
        return True


async def watch(notifier: Notifier, look: Callable[[], Health]) -> None:
    """Tell systemd how we do until cancelled, twice as often as it wants to know. READY=1 is said once, when trading begins."""
    period_s = min(notifier.watchdog_s / 2, LOOK_S_MAX) if notifier.watchdog_s else LOOK_S_MAX
    is_ready = False
    while True:
        health = look()
        facts = [f"STATUS={health.fault or health.status}"]
        if health.is_trading and not is_ready:
            is_ready = notifier.send("READY=1")
        if not health.fault:
            facts += ["WATCHDOG=1"] if is_ready else [f"EXTEND_TIMEOUT_USEC={EXTEND_S * 1_000_000}"]
        notifier.send(*facts)
        await asyncio.sleep(period_s if is_ready else min(period_s, 1.0))


class Progress:
    """Whether a consumer that has work gets on with it, from one look to the next."""

    def __init__(self) -> None:
        self._handled = -1

    def is_stuck(self, handled: int, *, is_waiting: bool) -> bool:
        """`handled` counts what is done; it is stuck when it is at work and has done nothing since the last look."""
        before, self._handled = self._handled, handled
        return not is_waiting and handled == before
