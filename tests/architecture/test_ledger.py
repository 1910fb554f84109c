"""Nobody sees what trading past data would have earned without a row in the ledger of trials.

Whatever imports a function that runs a backtest must record a trial itself, or stand in ALLOWED with its reason.
"""

from __future__ import annotations

import ast

import pytest

from tests.architecture.banned_calls import calls, dotted, imported
from tests.architecture.source_files import SourceFile, parse, source_files

PRODUCERS = (
    "tradebot.sim.driver.Simulation",
    "tradebot.sim.scan.backtest.fast_backtest",
    "tradebot.sim.scan.backtest.scan_market",
    "tradebot.sim.scan.backtest.outcome",
    "tradebot.app.backtest.run_fast",
    "tradebot.app.backtest.run_full",
    "tradebot.app.backtest.run_foreseen",
    "tradebot.app.backtest.scanned",
    "tradebot.app.backtest.traded",
    "tradebot.app.research.simulate",
    "tradebot.app.walk_forward.fold.run_fold",
)
RECORDERS = ("tradebot.app.trials.record", "tradebot.learning.evidence.ledger.record_trial")

ALLOWED: dict[str, str] = {
    "tradebot/app/backtest.py": "runs a backtest for whoever asks; they record it",
    "tradebot/app/kernels.py": "two made-up minutes without an opinion, so that the scan is compiled; the outcome is dropped",
    "tradebot/app/walk_forward/fold.py": "one fold, maybe on another machine; run.py records the track record of all of them, once",
    "tradebot/app/watched.py": "check lookahead compares decisions with decisions, and shows no result",
}
"""path -> why this file may run a backtest without a row."""


def produces(file: SourceFile) -> set[str]:
    """Which producers a file gets hold of, by name or with their whole module; the rooms of the simulator don't count."""
    names = {name for _, name in imported(file.tree)}
    modules = {producer.rpartition(".")[0] for producer in PRODUCERS}
    whole = {alias.name for node in ast.walk(file.tree) if isinstance(node, ast.Import) for alias in node.names} & modules
    parts = {
        f"{node.module}.{a.name}" for node in ast.walk(file.tree) if isinstance(node, ast.ImportFrom) and node.module for a in node.names
    }
    return (names & set(PRODUCERS)) | whole | (parts & modules)


def records(file: SourceFile) -> bool:
    """Whether it imports a recorder and calls it."""
    known = {name for _, name in imported(file.tree)} & set(RECORDERS)
    called = {dotted(call.func).split(".")[-1] for call in calls(file.tree)}
    return any(name.rpartition(".")[2] in called for name in known)


def unrecorded(file: SourceFile) -> set[str]:
    return produces(file) if not records(file) and file.path not in ALLOWED and not file.within("tradebot/sim") else set()


@pytest.mark.parametrize("file", [f for f in source_files() if f.within("tradebot")], ids=lambda file: file.path)
def test_every_backtest_is_recorded(file: SourceFile) -> None:
    assert not unrecorded(file), f"{file.path} runs a backtest: record it with tradebot.app.trials.record"


def test_every_producer_is_there() -> None:
    defined = {
        f"{file.path.removesuffix('.py').replace('/', '.')}.{node.name}"
        for file in source_files()
        for node in file.tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert {*PRODUCERS, *RECORDERS} <= defined


def test_every_exception_is_still_needed() -> None:
    by_path = {file.path: file for file in source_files()}
    for path, reason in ALLOWED.items():
        assert reason
        assert produces(by_path[path]), f"{path} runs no backtest any more: take it out of ALLOWED"
        assert not records(by_path[path]), f"{path} records by itself: take it out of ALLOWED"


@pytest.mark.parametrize(
    "text",
    [
        "from tradebot.sim.driver import Simulation\nSimulation()",
        "def late() -> None:\n    from tradebot.app.backtest import run_fast as quick\n    quick()",
        "import tradebot.sim.driver\ntradebot.sim.driver.Simulation()",
        "from tradebot.app import backtest\nbacktest.run_full()",
        "from tradebot.app.backtest import run_fast\nfrom tradebot.app.trials import record\nrun_fast()",
    ],
)
def test_a_backtest_without_a_row_is_found(text: str) -> None:
    assert unrecorded(parse("tradebot/app/new.py", text))


def test_a_backtest_with_a_row_is_not() -> None:
    text = "from tradebot.app.backtest import run_fast\nfrom tradebot.app.trials import record\nrecord(run_fast())"
    assert not unrecorded(parse("tradebot/app/new.py", text))
