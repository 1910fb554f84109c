"""The main job as a newcomer sees it: one real process that trains, starts the simulated Alpaca, trades a real session and sums up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tradebot.shell.store import reads

ROOT = Path(__file__).parents[2]


def test_the_demo_trades_a_session_and_its_books_reconcile(tmp_path: Path) -> None:
    for folder in ("config", "data/sample"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    environment = {**os.environ, "TRADEBOT_HOME": str(tmp_path), "TRADEBOT__MODEL__TREES": "40", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tradebot", "demo", "--plain", "--sessions", "1"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "every session traded, books reconciled" in run.stdout
    assert re.search(r"decisions\s+1,560", run.stdout)
    assert "buy and hold" in run.stdout
    assert "tradebot run --profile active_stocks" in re.sub(r"[\s│]+", " ", run.stdout)
    (journal,) = tmp_path.glob("data/demo/*/demo/journal.sqlite3")
    counts = reads.counts(f"sqlite:///{journal}")
    assert counts["decisions"] == 390
    assert counts["fills"] >= 2
    assert counts["predictions"] > 1000
    trades = reads.trades(f"sqlite:///{journal}")
    assert {t.status for t in trades} == {"CLOSED"}
    assert all(t.stop_units < t.entry_units / t.qty < t.target_units for t in trades)
