"""The pieces that every page is made of: one style for light and dark, a section with its anchor, a table that scrolls by itself."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from tradebot.view.report.content import Table

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1c1a; --soft: #5d5d58; --page: #ffffff; --line: #d9d9d3; --mark: #f3f3ef; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececea; --soft: #b0b0a9; --page: #161615; --line: #3a3a37; --mark: #222220; --warn: #ffb95e; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { margin-top: 2.2rem; font-size: 1.2rem; }
figure { margin: 0; } figcaption, .soft { color: var(--soft); font-size: 0.9rem; }
.notes { border-left: 4px solid var(--warn); background: var(--mark); padding: 0.5rem 1rem; margin: 1rem 0; }
.notes p { margin: 0.3rem 0; } .word { font-size: 1.3rem; font-weight: 700; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; margin: 0.5rem 0; }
caption { text-align: left; font-weight: 600; padding: 0.3rem 0; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
td.words { text-align: left; white-space: normal; min-width: 16rem; }
th:first-child, th[scope=row] { text-align: left; font-weight: 500; } thead th { color: var(--soft); }
@media (max-width: 600px) { main { padding: 0.6rem; } th, td { padding: 0.25rem 0.4rem; } }
"""
_FIGURE_CHARACTERS: Final = 28


def section(name: str, *parts: str) -> str:
    anchor = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    return f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{escape(name)}</h2>\n{"".join(parts)}</section>\n'


def table(content: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in content.head)
    rows = "".join(_row(row) for row in content.rows) or f'<tr><td colspan="{len(content.head)}">none</td></tr>'
    note = f'<p class="soft">{escape(content.note)}</p>\n' if content.note else ""
    label = escape(content.caption, quote=True)
    return (
        f'<div class="wide" role="region" aria-label="{label}" tabindex="0">\n<table>\n<caption>{escape(content.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody>\n</table>\n</div>\n{note}"
    )


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    return f'<tr><th scope="row">{escape(first)}</th>{"".join(map(_cell, others))}</tr>\n'


def _cell(text: str) -> str:
    """A figure stands right and on one line; a sentence stands left and wraps."""
    kind = ' class="words"' if len(text) > _FIGURE_CHARACTERS else ""
    return f"<td{kind}>{escape(text)}</td>"
