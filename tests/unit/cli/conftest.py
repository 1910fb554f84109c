from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A house of its own: the committed profiles, no data, no models."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


@pytest.fixture
def tradebot(home: Path) -> Call:
    """The real command in a real process, without keys and with a house of its own."""

    def call(*arguments: str, **environment: str) -> Outcome:
        base = {name: value for name, value in os.environ.items() if not name.startswith(("ALPACA_", "APCA_", "TRADEBOT_"))}
        done = subprocess.run(
            [sys.executable, "-m", "tradebot", *arguments],
            cwd=home,
            env=base | {"TRADEBOT_HOME": str(home), "PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call
