"""The end of a run: what was done, what it came to beside buy-and-hold, and how to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


def summary(report: Mapping[str, Any], *, title: str, journal: str, next_step: str) -> RenderableType:
    """A panel of the report of `app.research.summary`, money in dollars. `next_step` is the one line that goes to a paper account."""
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim")
    table.add_column(justify="right")
    for key in ("sessions", "decisions", "orders", "fills", "refusals", "trades_closed", "trades_won"):
        if key in report:
            table.add_row(key.replace("_", " "), f"{report[key]:,}")
    table.add_row()
    if "fees_usd" in report:
        table.add_row("fees", f"${report['fees_usd']:,.2f}")
    table.add_row("P&L net of cost", _result(report["pnl_usd"], report["return_fraction"]))
    table.add_row("buy and hold", _result(report["buy_and_hold_usd"], report["buy_and_hold_fraction"]))
    left = report.get("positions_left") or {}
    notes = Table.grid(padding=(0, 3))
    notes.add_column(style="dim")
    notes.add_column(overflow="fold")
    if left:
        notes.add_row("still held", ", ".join(f"{qty} {symbol}" for symbol, qty in left.items()))
    if report.get("note"):
        notes.add_row("note", str(report["note"]))
    notes.add_row("journal", journal)
    notes.add_row("paper account", next_step)
    return Panel(Group(table, Text(), notes), title=title, title_align="left", border_style="green")


def _result(usd: float, fraction: float) -> Text:
    return Text(f"{'-' if usd < 0 else '+'}${abs(usd):,.2f} ({fraction:+.3%})", style="green" if usd >= 0 else "red")
