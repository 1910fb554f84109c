"""A daemon in a process of its own, to be killed: `python -m tests.shell.daemon_process URL STATE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.shell import scene
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.daemon import run_daemon
from tradebot.shell.logging import configure_logging


async def main(url: str, state: Path) -> None:
    configure_logging(path=state / "daemon.log", secrets=[scene.KEYS.secret], console=None)
    summary = await run_daemon(scene.parts(url, state, socket_path=state / "control.sock", started=lambda: print("started", flush=True)))
    print(f"cash {summary.cash_units} differences {len(summary.differences)}", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
    except OperatorFault as fault:
        print(f"fault {fault}", flush=True)
        sys.exit(1)
