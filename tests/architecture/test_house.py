from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT, SourceFile, source_files

LINES_MAX = 400
TOP_LEVEL = {"tradebot", "config", "models", "data", "scripts", "tests", "pyproject.toml", "README.md", "LICENSE", "requirements.lock"}
SAMPLE_BYTES_MAX = 5_000_000


def tracked_files() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_top_level_is_exactly_the_house() -> None:
    top = {path.split("/", 1)[0] for path in tracked_files()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("file", source_files(), ids=lambda file: file.path)
def test_file_fits_in_one_sitting(file: SourceFile) -> None:
    assert file.lines <= LINES_MAX, f"{file.path} has {file.lines} lines: a noun is missing"


@pytest.mark.parametrize("file", source_files(), ids=lambda file: file.path)
def test_annotations_are_lazy(file: SourceFile) -> None:
    assert not file.text.strip() or file.path.endswith("__init__.py") or "from __future__ import annotations" in file.text


def test_sample_data_stays_small_and_nothing_else_is_committed() -> None:
    data = [path for path in tracked_files() if path.startswith("data/")]
    assert {path.split("/")[1] for path in data} <= {"sample", "README.md"}
    assert sum((ROOT / path).stat().st_size for path in data) < SAMPLE_BYTES_MAX


def test_no_pickle_file_is_committed() -> None:
    assert [path for path in tracked_files() if path.endswith((".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy"))] == []
