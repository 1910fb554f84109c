"""What a newcomer gets: scripts that parse, a lock that pins exactly what is declared."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib

import pytest

from tests.architecture.source_files import ROOT

SCRIPTS = ("scripts/setup", "scripts/run", "scripts/test", ".ci/run")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")]


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_is_executable_and_parses(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_ci_runs_the_full_test_and_nothing_more() -> None:
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) == 1
    assert lines[0].endswith('scripts/test" --full')


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/test"])
def test_wrong_option_of_a_script(script: str) -> None:
    done = subprocess.run([ROOT / script, "--wrong"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage: " in done.stderr


def test_every_pin_is_exact_and_belongs_to_no_machine() -> None:
    for pin in PINS:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin), pin
    assert len({name_of(pin) for pin in PINS}) == len(PINS)


def test_everything_declared_is_pinned() -> None:
    declared = [*PROJECT["dependencies"], *(r for extra in PROJECT["optional-dependencies"].values() for r in extra)]
    declared = [r for r in declared if name_of(r) != PROJECT["name"]]  # an extra that takes other extras in
    assert {name_of(r) for r in declared} <= {name_of(pin) for pin in PINS}
    assert "torch==2.13.0" in PINS


def test_licence_is_the_whole_text() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "END OF TERMS AND CONDITIONS" in text
