from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT

WriteProfile = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A house of its own with the committed profiles."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


@pytest.fixture
def write_profile(home: Path) -> WriteProfile:
    def write(text: str, name: str = "mine") -> Path:
        path = home / "config" / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
