"""Processes for many lives: a template that has imported everything, has one thread and no open file, and forks a child for each life.

The child is a process of its own (own id, memory, sockets and locks) and is really killed; only Python's start and the imports are saved.
`Fresh` starts an interpreter for each life instead.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any, Final, Protocol

ROOT: Final = Path(__file__).parents[2]
BUG: Final = 70


class Lives(Protocol):
    name: str  # of the trader

    def live(self, url: str, state: Path, crash: str, timeout_s: float) -> int:
        """Run one life to its end. Returns the exit status, negative for a signal. Raises TimeoutError (the child is killed then)."""
        ...

    def close(self) -> None: ...


class Fresh:
    def __init__(self, name: str) -> None:
        self.name = name

    def live(self, url: str, state: Path, crash: str, timeout_s: float) -> int:
        command = [sys.executable, "-m", "scripts.kill_proof.life", self.name, url, str(state), crash]
        state.mkdir(mode=0o700, exist_ok=True)
        with (state / "stderr").open("ab") as said, subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said) as child:
            try:
                return child.wait(timeout_s)
            except subprocess.TimeoutExpired as error:
                child.kill()
                raise TimeoutError(f"a life of more than {timeout_s:.0f} s") from error

    def close(self) -> None:
        return


class Template:
    """The parent's side: one template process, one life at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        command = [sys.executable, "-m", "scripts.kill_proof.template", name]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def live(self, url: str, state: Path, crash: str, timeout_s: float) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([url, str(state), crash, timeout_s]) + "\n")
        self._process.stdin.flush()
        status = self._said()["status"]
        if status == -signal.SIGALRM:
            raise TimeoutError(f"a life of more than {timeout_s:.0f} s")
        return int(status)

    def _said(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the template process has ended")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _child(name: str, url: str, state: str, crash: str, timeout_s: float) -> None:
    """In the forked process; never returns."""
    from scripts.kill_proof.life import live

    status = None
    try:
        Path(state).mkdir(mode=0o700, exist_ok=True)
        said = os.open(Path(state) / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for mine, theirs in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(mine, theirs)
        signal.setitimer(signal.ITIMER_REAL, timeout_s)  # SIGALRM's default ends the process
        status = live(name, url, Path(state), crash)
    finally:
        if status is None:  # whatever it is, it is written down and the process ends here
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(BUG if status is None else status)


def _warm(name: str) -> None:
    """A few minutes of a life: what is compiled is loaded, and what is imported late is here."""
    from scripts.kill_proof.trader import TRADERS
    from tests.shell import scene
    from tradebot.core.domain.units import NS_PER_MINUTE
    from tradebot.shell.daemon import run_daemon

    trader = TRADERS[name]
    with tempfile.TemporaryDirectory() as folder, trader.market() as server:
        end_ns = scene.start_ns() + 30 * NS_PER_MINUTE
        asyncio.run(run_daemon(trader.parts(server.url, Path(folder), stop_at_ns=end_ns, report=lambda severity, words: None)))
    gc.collect()
    gc.freeze()  # a child need not look at what it shares with the others
    assert threading.active_count() == 1, "a fork takes along one thread only"


def main() -> None:
    """Fork a child for each line `[url, state, crash, timeout_s]`, and answer with its exit status."""
    name = sys.argv[1]
    _warm(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(name, *json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
