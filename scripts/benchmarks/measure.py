"""Repeats, percentiles and one way to print them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number beside its bar. `bar` None: no bar was set for it."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        return "ok" if self.value < self.bar else "MISSED"


def percentile(samples: Sequence[float], q: float) -> float:
    """The smallest sample that at least q percent of all do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * q / 100))]


def show(figures: Sequence[Figure], as_json: bool) -> None:
    """A table for people, one JSON list for programs."""
    if as_json:
        json.dump([asdict(f) | {"verdict": f.verdict} for f in figures], sys.stdout, indent=1)
        print()
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("measured", "value", "unit", "bar", "", "note"):
        table.add_column(column, justify="right" if column in ("value", "bar") else "left")
    for f in figures:
        table.add_row(f.name, f"{f.value:,.4g}", f.unit, "" if f.bar is None else f"< {f.bar:g}", f.verdict, f.note)
    Console(width=170).print(table)
