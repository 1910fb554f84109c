"""Walk-forward of SPY with a retrained XGBoost in each fold, as `tradebot walk-forward` does it, and the same on two Dask workers.

The bars are not part of the repository: where ../shared/marketdata is not there, the part says so and measures nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.benchmarks.measure import Figure
from scripts.benchmarks.newcomer import HOUSE

BARS = HOUSE.parent / "shared" / "marketdata" / "bars_1m_spy_2024_2025"
PROFILE = """extends = "active_stocks"
about = "SPY; one XGBoost on scale-free features; buys where the next 15 minutes should beat the cost"
[universe]
symbols = ["SPY"]
screen = ""
[model]
kind = "xgboost"
features = "scale_free"
label = "forward_15m_beats_cost"
depth = 6
trees = 300
[entry]
confidence_min = 0.5
price_usd_min = 0.0
price_usd_max = 0.0
[sizing]
equity_fraction = 0.2
max_shares = 0
[exits]
stop_fraction = 0.005
target_fraction = 0.01
flatten_before_close_min = 5
[limits]
positions_max = 1
order_usd_max = 50000.0
daily_loss_fraction_max = 0.02
"""
BAR_S = 180.0


def measure() -> list[Figure]:
    if not BARS.is_dir():
        print("walk_forward: the SPY bars are not here, nothing is measured")
        return []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "spy.toml").write_text(PROFILE)
        environment = {**os.environ, "TRADEBOT__DATA__FOLDER": str(home / "bars"), "TRADEBOT__MODELS_DIR": str(home / "models")}
        words = [sys.executable, "-m", "tradebot", "walk-forward", "-p", str(home / "spy.toml"), "--bars", str(BARS), "--json"]
        began = time.perf_counter()
        done = subprocess.run(words, cwd=HOUSE, env=environment, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - began
    report = json.loads(done.stdout)
    note = f"{report['folds']} folds, {report['sessions']} sessions tested, {report['trades']} trades, net {report['net_fraction']:+.2%}"
    return [Figure("walk-forward of SPY, an XGBoost a fold, whole command", seconds, "s", BAR_S, note)]
