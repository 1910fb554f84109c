"""Answers on the terminal: one report, as JSON for programs or as tables for people."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import typer


def show(report: Any, as_json: bool, title: str = "") -> None:
    """Print a report of plain values: mappings as two columns, lists of mappings as a table, nested mappings as sections."""
    if as_json:
        import orjson

        typer.echo(orjson.dumps(report, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
        return
    from rich.console import Console

    console = Console(soft_wrap=False)
    for table in _tables(report, title):
        console.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _tables(report: Any, title: str) -> list[Any]:
    if isinstance(report, Mapping):
        flat = {key: value for key, value in report.items() if not _is_section(value)}
        tables = [_pairs(flat, title)] if flat else []
        for key, value in report.items():
            if _is_section(value):
                tables += _tables(value, f"{title}.{key}" if title else str(key))
        return tables
    if _is_section(report):
        return [_rows(report, title)]
    return [_cell(report)]


def _is_section(value: Any) -> bool:
    """A non-empty mapping, or a non-empty list of mappings."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _pairs(report: Mapping[Any, Any], title: str) -> Any:
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in report.items():
        table.add_row(str(key), _cell(value))
    return table


def _rows(rows: Sequence[Mapping[Any, Any]], title: str) -> Any:
    from rich.table import Table

    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for column in columns:
        numeric = all(isinstance(row.get(column, 0), int | float) for row in rows)
        table.add_column(str(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column, "")) for column in columns))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
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
