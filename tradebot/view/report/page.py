"""The page: plain HTML with its styles and scripts inside, so that one file can be kept, mailed and read anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from tradebot.view.report.charts import drawdown_chart, equity_chart, exposure_chart, waterfall_chart
from tradebot.view.report.content import ReportInput, Table, Verdict
from tradebot.view.report.figures import attribution, percent, summary_table, trades_table, waterfall_table

if TYPE_CHECKING:
    import plotly.graph_objects as go

_STYLE: Final = """
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

_SCRIPT: Final = """
const dark = matchMedia("(prefers-color-scheme: dark)");
function repaint() {
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  document.querySelectorAll(".js-plotly-plot").forEach((chart) => Plotly.relayout(chart, {"font.color": ink}));
}
dark.addEventListener("change", repaint);
addEventListener("load", repaint);
"""
_FIGURE_CHARACTERS: Final = 28


def page(content: ReportInput) -> str:
    """The whole report as HTML."""
    from plotly.offline import get_plotlyjs

    title = escape(content.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n<script>{get_plotlyjs()}</script>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{''.join(_sections(content))}</main>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _sections(content: ReportInput) -> Iterable[str]:
    outcome = content.outcome
    yield _opening(content)
    if content.verdict is not None:
        yield _verdict(content.verdict)
    yield _section("Summary", _table(summary_table(outcome, content.benchmarks)))
    ended = f"Net return {percent(outcome.return_fraction)} over {len(outcome.sessions)} sessions"
    beside = ", ".join(f"{b.name} {percent(b.equity_units[-1] / outcome.start_units - 1.0)}" for b in content.benchmarks)
    charts = (
        ("Equity", equity_chart(outcome, content.benchmarks), f"{ended}{'; beside it ' + beside if beside else ''}."),
        ("Drawdown", drawdown_chart(outcome), "How far equity stood below its highest so far."),
        ("Exposure", exposure_chart(outcome), "Value of all positions as a share of equity, after each minute."),
    )
    for n, (name, chart, says) in enumerate(charts):
        yield _section(name, _figure(f"chart{n}", chart, says))
    yield _section("Costs", _figure("costs", waterfall_chart(outcome), "From gross to net."), _table(waterfall_table(outcome)))
    yield _section(
        "Attribution",
        _table(attribution("By strategy", "Strategy", outcome, lambda t: t.strategy)),
        _table(attribution("By regime at entry", "Regime", outcome, lambda t: t.regime)),
        _table(attribution("By symbol", "Symbol", outcome, lambda t: t.symbol)),
        _table(attribution("By what closed it", "Closed by", outcome, lambda t: "still open" if t.is_open else t.reason)),
    )
    if content.tables:
        yield _section("More", *(_table(table) for table in content.tables))
    yield _section("Trades", _table(trades_table(outcome, content.trades_max)))


def _opening(content: ReportInput) -> str:
    outcome, notes = content.outcome, list(content.notes)
    if content.zero_cost:
        notes.insert(0, "ZERO COST: this run was asked to charge no costs. Nobody trades like that.")
    if outcome.sessions:
        first, last = outcome.sessions[0].date, outcome.sessions[-1].date
        span = f"{first} to {last}, {len(outcome.sessions)} sessions, {len(outcome.symbols)} symbols"
    else:
        span = "no sessions"
    facts = (("Period", span), *content.facts)
    told = "".join(f"<p>{escape(note)}</p>" for note in notes)
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    said = f'<div class="notes" role="note" aria-label="Read this first">{told}</div>\n' if told else ""
    return f'{said}<dl class="soft">{lines}</dl>\n'


def _verdict(verdict: Verdict) -> str:
    word = f'<p class="word">{escape(verdict.word)}</p>\n<p>{escape(verdict.reason)}</p>\n'
    return _section("Is there an edge?", word, *(_table(table) for table in verdict.tables))


def _section(name: str, *parts: str) -> str:
    anchor = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    return f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{escape(name)}</h2>\n{"".join(parts)}</section>\n'


def _figure(anchor: str, chart: go.Figure, says: str) -> str:
    drawn = chart.to_html(
        full_html=False, include_plotlyjs=False, div_id=anchor, config={"responsive": True, "displaylogo": False, "displayModeBar": False}
    )
    label = escape(says, quote=True)
    return f'<figure>\n<div role="img" aria-label="{label}">{drawn}</div>\n<figcaption>{escape(says)}</figcaption>\n</figure>\n'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "".join(_row(row) for row in table.rows) or f'<tr><td colspan="{len(table.head)}">none</td></tr>'
    note = f'<p class="soft">{escape(table.note)}</p>\n' if table.note else ""
    label = escape(table.caption, quote=True)
    return (
        f'<div class="wide" role="region" aria-label="{label}" tabindex="0">\n<table>\n<caption>{escape(table.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody>\n</table>\n</div>\n{note}"
    )


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    return f'<tr><th scope="row">{escape(first)}</th>{"".join(map(_cell, others))}</tr>\n'


def _cell(text: str) -> str:
    """A figure stands right and on one line; a sentence stands left and wraps."""
    kind = ' class="words"' if len(text) > _FIGURE_CHARACTERS else ""
    return f"<td{kind}>{escape(text)}</td>"
