"""One daemon's life, to be ended by SIGKILL: `python -m scripts.kill_proof.life TRADER URL STATE CRASH`.

The daemon is the real one (`run_daemon`), TRADER one of trader.py, CRASH as in `TRADEBOT_CRASH`. A clean end leaves its words as one JSON
object in STATE/last_words.json.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final

import httpx

from scripts.kill_proof.trader import TRADERS
from tests.shell import scene
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell import crash_points, lockstep
from tradebot.shell.broker import alpaca, rest
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds import data_stream, reconnect
from tradebot.shell.logging import configure_logging

CLEAN, FAULT = 0, 1
LAST_WORDS: Final = "last_words.json"


def impatient() -> None:
    """The same waits as in earnest, shorter: a server on loopback answers in milliseconds or not at all."""
    rest.BACKOFF_S = 0.01  # type: ignore[misc]
    rest.WAIT_S_MAX = 0.05  # type: ignore[misc]
    rest.TIMEOUT = httpx.Timeout(3.0)  # type: ignore[misc]
    alpaca.ABSENT_PAUSES_S = (0.01, 0.02)  # type: ignore[misc]
    alpaca.LOOK_UP_PAUSE_S_MIN = 0.01  # type: ignore[misc]
    alpaca.LOOK_UP_PAUSE_S_MAX = 0.1  # type: ignore[misc]
    reconnect.BACKOFF_S_MIN = 0.02  # type: ignore[misc]
    reconnect.BACKOFF_S_MAX = 0.2  # type: ignore[misc]
    reconnect.SLOT_HELD_S = data_stream.SLOT_HELD_S = 0.2  # type: ignore[misc]
    lockstep.FRAME_WAIT_S = 0.1  # type: ignore[misc]


def live(name: str, url: str, state: Path, crash: str) -> int:
    """Trade until the market ends or the armed point is reached. Returns an exit status, unless it is killed."""
    impatient()
    crash_points.arm(crash)
    state.mkdir(mode=0o700, exist_ok=True)
    configure_logging(path=state / "daemon.log", secrets=[scene.KEYS.secret], console=None)
    hits_of_start: dict[str, int] = {}

    def started() -> None:
        hits_of_start.update(crash_points.hits())
        crash_points.trades()

    words: dict[str, Any] = {}
    try:
        summary = asyncio.run(run_daemon(TRADERS[name].parts(url, state, started=started)))
        words = {"cash_units": summary.cash_units, "differences": summary.differences, "reason": summary.reason}
        status = CLEAN
    except OperatorFault as fault:
        words, status = {"fault": str(fault)}, FAULT
    words |= {"hits": crash_points.hits(), "hits_of_start": hits_of_start}
    (state / LAST_WORDS).write_text(json.dumps(words))
    return status


if __name__ == "__main__":
    sys.exit(live(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
