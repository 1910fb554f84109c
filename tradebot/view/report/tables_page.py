"""A page of tables alone, without a script: what a journal says of a day needs no run of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tradebot.view.report.content import Table
from tradebot.view.report.html import STYLE, section, table


def tables_page(title: str, sections: Sequence[tuple[str, Sequence[Table]]]) -> str:
    """The whole page as HTML: each section with its tables."""
    body = "".join(section(name, *map(table, tables)) for name, tables in sections)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}</main>\n"
        f"</body>\n</html>\n"
    )


def write_tables_page(path: Path, title: str, sections: Sequence[tuple[str, Sequence[Table]]]) -> Path:
    """Write the page, whole or not at all; a missing folder is made. Raises OSError where it can't be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(tables_page(title, sections), encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
