"""A message on its way: a child process speaks to the channel (child.py), with a deadline. Never raises; the fault is a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, Protocol

import msgspec

from tradebot.shell.alerts.child import Question, Reply

PASSED_ON: Final = (
    "HOME",
    "LANG",
    "PATH",
    "PYTHONPATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
)
"""Of our environment, which holds secrets."""
_ROOT: Final = Path(__file__).resolve().parents[3]


class Channel(Protocol):
    def ask(self, question: Question, timeout_s: float) -> str:
        """The fault, or "" when it was taken. Blocks for at most about `timeout_s`. The question's URL is the channel's own business."""
        ...


class AppriseChannel:
    """One Apprise URL. Shows it nowhere."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return "AppriseChannel(***)"

    def ask(self, question: Question, timeout_s: float) -> str:
        asked = msgspec.json.encode(msgspec.structs.replace(question, url=self._url))
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_ROOT), environment.get("PYTHONPATH"))))
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tradebot.shell.alerts.child"],
                input=asked, capture_output=True, timeout=timeout_s, check=False, env=environment, cwd="/",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"no answer within {timeout_s:.0f} s"
        except OSError as error:
            return f"no process can be started to send it: {error.strerror}"
        try:
            return msgspec.json.decode(done.stdout, type=Reply).fault
        except msgspec.MsgspecError:
            return f"the process that sends it ended with code {done.returncode}"
