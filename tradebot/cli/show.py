"""Answers on the terminal: one report, as JSON for programs or as tables for people."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from tradebot.cli.times import new_york_text
from tradebot.core.domain.units import usd_text

PIPE_COLUMNS: Final = 180  # where stdout is no terminal: nothing is folded that a program or a log would miss


def show(report: Any, as_json: bool, title: str = "") -> None:
    """Print a report of plain values: mappings as two columns, lists of mappings as a table, nested mappings as sections."""
    if as_json:
        import orjson

        typer.echo(orjson.dumps(report, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS)
    for heading, table in _tables(report, title):
        if heading:
            console.print(heading, style="bold", highlight=False)
        console.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _tables(report: Any, title: str) -> list[tuple[str, Any]]:
    """(heading, what stands under it), sections after plain values."""
    if isinstance(report, Mapping):
        flat = {key: value for key, value in report.items() if not _is_section(value)}
        tables = [(title, _pairs(flat))] if flat else []
        for key, value in report.items():
            if _is_section(value):
                tables += _tables(value, f"{title}.{key}" if title else str(key))
        return tables
    return [(title, _rows(report) if _is_section(report) else _cell(report))]


def _is_section(value: Any) -> bool:
    """A non-empty mapping, or a non-empty list of mappings."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _pairs(report: Mapping[Any, Any]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in report.items():
        label, shown = _named(str(key), value)
        table.add_row(f"  {label}", Text(_cell(shown)))  # as it is: r[t] is no markup
    return table


def _rows(rows: Sequence[Mapping[Any, Any]]) -> Any:
    """Columns in the order of their first appearance; a column that is empty throughout is left out."""
    from rich.table import Table
    from rich.text import Text

    columns = [c for c in dict.fromkeys(key for row in rows for key in row) if any(row.get(c) not in ("", None) for row in rows)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        numeric = all(isinstance(row.get(column, 0), int | float) for row in rows)
        table.add_column(_named(str(column), 0)[0], justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(_named(str(column), row.get(column, ""))[1])) for column in columns))
    return table


def _named(key: str, value: Any) -> tuple[str, Any]:
    """Label and value for people: nanoseconds become New York time, units of 1e-4 dollars become dollars."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if key.endswith("_ns"):
        return key.removesuffix("_ns"), new_york_text(value) if whole and value > 0 else ("-" if whole else value)
    if key.endswith("_units"):
        return key.removesuffix("_units"), usd_text(value) if whole else value
    return key, value


def _cell(value: Any) -> str:
    match value:
        case None | "" | [] | ():
            return "-"
        case Mapping() if not value:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.6g}" if math.isfinite(value) else str(value)
        case int():
            return f"{value:,}" if abs(value) >= 10_000 else str(value)
        case dt.datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case list() | tuple():
            return ", ".join(_cell(item) for item in value)
        case _:
            return str(value)
