from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_files import ROOT
from tradebot import app

Walk = Callable[..., dict[str, Any]]

PROFILE = """extends = "demo"
[universe]
symbols = ["SPY"]
[model]
kind = "xgboost"
trees = 8
depth = 3
jobs = 1
rows_min = 100
[walk_forward]
train_days = 20
anchored = false
test_sessions = 3
step_sessions = 2
"""
FIRST, LAST = dt.date(2011, 1, 3), dt.date(2011, 1, 31)
FOLDS = 3


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A house of its own: the committed profiles and bars, one small profile that is quickly trained."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(ROOT / "data" / "sample")
    (tmp_path / "config" / "tiny.toml").write_text(PROFILE)
    return tmp_path


@pytest.fixture
def walk(home: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """The command's meaning, in this process."""
    for name in [name for name in os.environ if name.startswith("TRADEBOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADEBOT_HOME", str(home))

    def call(profile: str = "tiny", **options: Any) -> dict[str, Any]:
        given = {"bars": None, "first": FIRST, "last": LAST, "jobs": 1, "cluster": "", "fidelity": "fast", "fresh": False} | options
        return app.walk(profile, progress=lambda what, done, total: None, **given)

    return call
