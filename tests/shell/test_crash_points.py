"""Every crash point stands in the source, every `reach` names one, and an armed process dies where it was told to."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tradebot.shell import crash_points
from tradebot.shell.crash_points import POINTS

SHELL = Path(crash_points.__file__).parent
REACHING = {"reach", "traced"}


def _named(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def reached() -> set[str]:
    """Names in the calls of `reach` and `traced`; in the writer they come out of the two tables at its top."""
    names: set[str] = set()
    for path in SHELL.rglob("*.py"):
        if path.name == "crash_points.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REACHING:
                first = node.args[0]
                names |= _named(first) if not isinstance(first, ast.IfExp) else _named(first.body) | _named(first.orelse)
    from tradebot.shell.store import writer

    return names | set(writer.BEFORE.values()) | set(writer.UNCOMMITTED.values())


def test_every_reach_names_a_point_and_every_point_is_reached() -> None:
    assert reached() == set(POINTS)


def test_an_armed_process_dies_at_its_hit_and_not_before() -> None:
    program = "from tradebot.shell.crash_points import reach\nfor i in range(5):\n    print(i, flush=True)\n    reach('stopping')"
    environment = os.environ | {crash_points.ENVIRONMENT: "stopping:3"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout.split()) == (-signal.SIGKILL, ["0", "1", "2"])


def test_counting_kills_nobody_and_a_wrong_order_is_a_fault() -> None:
    crash_points.arm("count")
    try:
        for _ in range(3):
            crash_points.reach("stopping")
        assert crash_points.hits() == {"stopping": 3}
        for wrong in ("nowhere:1", "stopping", "stopping:x", "stopping:1:dead"):
            with pytest.raises(ValueError, match="expected point:n"):
                crash_points.arm(wrong)
    finally:
        crash_points.arm("")
    crash_points.reach("stopping")
    assert crash_points.hits() == {}
