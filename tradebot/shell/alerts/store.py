"""The alerts' memory on disk: `alerts.json` (0600, replaced as a whole) by the daemon, `alerts.acks` (a line each) by whoever acknowledges.

A person can acknowledge while the daemon runs, and while it doesn't: a line says what was known when, and saying it twice changes nothing.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.alerts.notices import Notices
from tradebot.shell.alerts.policy import acknowledge

STATE: Final = "alerts.json"
ACKS: Final = "alerts.acks"
ACK_BYTES_MAX: Final = 1_000_000  # read of the file's end


class _Ack(msgspec.Struct, frozen=True):
    which: int | None  # None: all
    at_ns: int


def load(folder: Path, *, keep: bool = False) -> tuple[Notices, str]:
    """What was remembered, and why not, if it could not be read: then the file is put aside (unless `keep`), and the memory begins anew."""
    path = folder / STATE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Notices), ""
    except FileNotFoundError:
        return Notices(), ""
    except (OSError, msgspec.MsgspecError) as error:
        with contextlib.suppress(OSError):
            if not keep:
                path.replace(path.with_suffix(".unreadable"))
        return Notices(), f"{path.name} cannot be read ({type(error).__name__}); the list of alerts begins anew"


def encode(state: Notices) -> bytes:
    """As it stands in the file."""
    return msgspec.json.encode(state)


def save(folder: Path, encoded: bytes) -> str:
    """Why it could not be written, or ""."""
    path, new = folder / STATE, folder / f"{STATE}.new"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(new, "wb", opener=_private) as file:
            file.write(encoded)
        new.replace(path)
    except OSError as error:
        return f"{path.name} cannot be written: {error.strerror}"
    return ""


def note_acknowledged(folder: Path, which: int | None, at_ns: int) -> None:
    """Somebody knows of alert `which`, or of all raised so far (None). Raises OperatorFault when it cannot be written down."""
    try:
        with open(folder / ACKS, "ab", opener=_private) as file:
            file.write(msgspec.json.encode(_Ack(which, at_ns)) + b"\n")
    except OSError as error:
        raise OperatorFault(f"cannot write {folder / ACKS}: {error.strerror}") from error


def apply_acknowledged(folder: Path, state: Notices, since_bytes: int = 0) -> int:
    """Apply what was written behind `since_bytes`; where it ends. A line that is none is passed over."""
    path = folder / ACKS
    try:
        size = path.stat().st_size
        if size == since_bytes:
            return since_bytes
        with path.open("rb") as file:
            file.seek(max(since_bytes if since_bytes < size else 0, size - ACK_BYTES_MAX))
            text = file.read()
    except OSError:
        return since_bytes
    whole = text[: text.rfind(b"\n") + 1]
    for line in whole.splitlines():
        with contextlib.suppress(msgspec.MsgspecError):
            ack = msgspec.json.decode(line, type=_Ack)
            acknowledge(state, ack.which, ack.at_ns)
    return size - (len(text) - len(whole))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
