"""The README's example is run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_strategy_of_the_readme_runs_and_trades() -> None:
    _, example = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    run = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    said = re.fullmatch(r"(\d+) orders, (-?[\d.]+) dollars net of cost; buy and hold (-?[\d.]+)\n", run.stdout)
    assert said is not None, run.stdout
    assert int(said[1]) > 5


def test_the_strategy_in_15_lines_is_the_one_that_is_held_to_the_contract() -> None:
    shown, _ = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    (tested,) = re.findall(r"```python\n(.*?)```", (ROOT / "tradebot/core/strategies/README.md").read_text(), flags=re.DOTALL)
    assert shown == tested
    assert len(shown.splitlines()) <= 15
