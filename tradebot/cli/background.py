"""A daemon of our own making: spawn it detached, wait until it answers on its socket, stop it, follow its log."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tradebot.core.domain.events import OperatorOrder
from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.shell.api_client import ApiClient, NotRunning

START_S_MAX: Final = 60.0
WARM_UP_S_MAX: Final = 10.0  # a daemon that answers but still reads its history has started well enough
STOP_S_MAX: Final = 60.0
_POLL_S: Final = 0.05


def start(profile: str, live: bool, alpaca: str) -> int:
    """The process id of a daemon that answers. Raises OperatorFault when one runs already, or with what the new one died of."""
    settings = _settings(profile)
    if _status(settings) is not None:
        raise OperatorFault(f"{settings.profile} is running already: see tradebot status -p {profile}")
    command = [sys.executable, "-m", "tradebot", "run", "--profile", profile]
    command += ["--live"] if live else []
    command += ["--alpaca", alpaca] if alpaca else []
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(settings.log_path, "ab", opener=_private) as log:
            begin = log.tell()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    except OSError as error:
        raise OperatorFault(f"cannot write to the state folder {settings.state_dir}: {error.strerror}") from error
    patience = time.monotonic() + WARM_UP_S_MAX
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise OperatorFault(f"the daemon did not start: {_last_words(settings.log_path, begin)}")
        answer = _status(settings)
        if answer is not None and (answer.get("state") != "starting" or time.monotonic() > patience):
            return child.pid
        time.sleep(_POLL_S)
    child.terminate()
    raise OperatorFault(f"the daemon did not answer within {START_S_MAX:.0f} s; its log is {settings.log_path}")


def stop(profile: str) -> None:
    """Ask the daemon to stop and wait until its socket is silent."""
    settings = _settings(profile)
    try:
        ApiClient(settings.socket_path).stop()
    except NotRunning as error:
        raise _not_running(settings, profile) from error
    deadline = time.monotonic() + STOP_S_MAX
    while _status(settings) is not None:
        if time.monotonic() > deadline:
            raise OperatorFault(f"the daemon did not stop within {STOP_S_MAX:.0f} s; its log is {settings.log_path}")
        time.sleep(_POLL_S)


def status(profile: str) -> dict[str, Any]:
    """What the daemon says of itself."""
    settings = _settings(profile)
    client = ApiClient(settings.socket_path)
    try:
        return client.status() | {"held": client.positions(), "working": client.orders()}
    except NotRunning as error:
        raise _not_running(settings, profile) from error


def tell(profile: str, order: str, reason: str) -> None:
    """Give the daemon an operator's order, by its name."""
    settings = _settings(profile)
    client = ApiClient(settings.socket_path)
    try:
        client.tell(OperatorOrder(order), reason)
    except NotRunning as error:
        raise _not_running(settings, profile) from error


def log_lines(profile: str, lines: int, follow: bool) -> Iterator[str]:
    """The last `lines` of the log, then, with `follow`, every new one until interrupted."""
    settings = _settings(profile)
    try:
        text = settings.log_path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise OperatorFault(f"there is no log {settings.log_path}: {settings.profile} has not run in the background yet") from error
    with text:
        yield from [line.rstrip("\n") for line in text.readlines()[-lines:]] if lines else ()
        text.seek(0, 2)
        while follow:
            line = text.readline()
            if line:
                yield line.rstrip("\n")
            else:
                time.sleep(_POLL_S)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _settings(profile: str) -> Settings:
    return load_settings(profile, read_environment())


def _status(settings: Settings) -> dict[str, Any] | None:
    try:
        return ApiClient(settings.socket_path).status()
    except NotRunning:
        return None


def _not_running(settings: Settings, profile: str) -> OperatorFault:
    return OperatorFault(f"{settings.profile} is not running: start it with tradebot start -p {profile}")


def _last_words(log: Path, begin: int) -> str:
    with log.open("rb") as text:
        text.seek(begin)
        lines = text.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("tradebot: ") if lines else f"it said nothing; its log is {log}"
