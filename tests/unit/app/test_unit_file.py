"""Unit files: golden bytes, `systemd-analyze verify`, and the sandbox's score as systemd counts it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tradebot.app.unit_file import UnitFacts, unit_text

GOLDEN = Path(__file__).parent / "units"
SCORE_MAX = 2.0
HOME = Path("/opt/tradebot")
SYSTEM = UnitFacts(
    profile="demo",
    command=(f"{HOME}/.venv/bin/python", "-m", "tradebot", "run", "--profile", "demo"),
    home=HOME,
    account="trader",
    program=(HOME, HOME / ".venv", Path("/usr")),
    writable=(HOME / "data", HOME / "data/state/demo", HOME / "models"),
    credentials=tuple((name, Path("/etc/tradebot/demo") / name) for name in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY")),
)
IN_HOME = Path("/home/me/tradebot")
USER = replace(SYSTEM, account="", credentials=(("ALPACA_API_KEY", Path("/home/me/.config/tradebot/demo/ALPACA_API_KEY")),))


@pytest.mark.parametrize(("file", "facts"), [("system.service", SYSTEM), ("user.service", USER)])
def test_golden(file: str, facts: UnitFacts) -> None:
    assert unit_text(facts) == (GOLDEN / file).read_text()


def test_a_program_in_a_home_is_bound_into_the_empty_one() -> None:
    facts = replace(
        SYSTEM, home=IN_HOME, program=(IN_HOME, IN_HOME / ".venv", Path("/usr")), writable=(IN_HOME / "data", Path("/srv/bars"))
    )
    lines = unit_text(facts).splitlines()
    assert [line for line in lines if "Paths=" in line] == [
        f"BindReadOnlyPaths={IN_HOME}",
        f"BindPaths={IN_HOME}/data",
        "ReadWritePaths=/srv/bars",
    ]


def score(folder: Path, facts: UnitFacts) -> float:
    unit = folder / "tradebot-demo.service"
    unit.write_text(unit_text(facts))
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    return float(found[1])


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("home", [HOME, IN_HOME])
def test_score(home: Path, tmp_path: Path) -> None:
    facts = replace(SYSTEM, home=home, program=(home,), writable=(home / "data", home / "models"))
    assert score(tmp_path, facts) < SCORE_MAX


@pytest.mark.needs("systemd-analyze")
def test_systemd_reads_every_line(tmp_path: Path) -> None:
    for facts in (SYSTEM, USER):
        unit = tmp_path / "tradebot-demo.service"
        text = unit_text(replace(facts, command=(sys.executable, *facts.command[1:])))
        unit.write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
        assert (done.returncode, [line for line in done.stderr.splitlines() if "tradebot-demo" in line]) == (0, [])
    unit.write_text(text.replace("UMask=", "UMsk="))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    assert "'UMsk' in section" in done.stderr
