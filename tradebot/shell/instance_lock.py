"""One daemon per state directory: an flock that the kernel drops with the process, whatever kills it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tradebot.core.domain.faults import OperatorFault


class InstanceLock:
    """Held from construction to `release`. Raises OperatorFault when another process holds it."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OperatorFault(f"cannot use the state directory {path.parent}: {error.strerror}") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise OperatorFault(f"another tradebot (process {pid or '?'}) runs on {path.parent}") from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        os.close(self._fd)
