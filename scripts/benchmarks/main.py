"""`scripts/bench [part ...] [--json]`: measure, print beside the bars, judge nothing else."""

from __future__ import annotations

import argparse
from importlib import import_module

from scripts.benchmarks.measure import Figure, show

PARTS = (
    "decision",
    "perception",
    "indicators",
    "inference",
    "networks",
    "gpu",
    "start",
    "journal",
    "recovery",
    "replay",
    "newcomer",
    "backtest",
    "simulation",
    "walk_forward",
    "retraining",
    "evidence",
    "suite",
)
QUICK = ("decision", "perception", "indicators", "start")


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure tradebot on this machine.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; without one: {', '.join(QUICK)}")
    parser.add_argument("--all", action="store_true", help="newcomer (two runs in a fresh clone) and suite (the tests) too; minutes")
    parser.add_argument("--json", action="store_true", help="a JSON list")
    asked = parser.parse_args()
    unknown = [part for part in asked.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}")
    figures: list[Figure] = []
    for part in asked.parts or (PARTS if asked.all else QUICK):
        measured: list[Figure] = import_module(f"scripts.benchmarks.{part}").measure()
        figures += measured
        if not asked.json:
            show(measured, as_json=False)  # as they come: a later part may take minutes
    if asked.json:
        show(figures, as_json=True)


if __name__ == "__main__":
    main()
