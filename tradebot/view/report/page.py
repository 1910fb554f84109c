"""The page: plain HTML with its styles and scripts inside, so that one file can be kept, mailed and read anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

from tradebot.view.report.charts import drawdown_chart, equity_chart, exposure_chart, waterfall_chart
from tradebot.view.report.content import ReportInput, Verdict
from tradebot.view.report.figures import attribution, percent, summary_table, trades_table, waterfall_table
from tradebot.view.report.html import STYLE, section, table

if TYPE_CHECKING:
    import plotly.graph_objects as go

_SCRIPT: Final = """
const dark = matchMedia("(prefers-color-scheme: dark)");
function repaint() {
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  document.querySelectorAll(".js-plotly-plot").forEach((chart) => Plotly.relayout(chart, {"font.color": ink}));
}
dark.addEventListener("change", repaint);
addEventListener("load", repaint);
"""


def page(content: ReportInput) -> str:
    """The whole report as HTML."""
    from plotly.offline import get_plotlyjs

    title = escape(content.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n<script>{get_plotlyjs()}</script>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{''.join(_sections(content))}</main>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _sections(content: ReportInput) -> Iterable[str]:
    outcome = content.outcome
    yield _opening(content)
    if content.verdict is not None:
        yield _verdict(content.verdict)
    yield section("Summary", table(summary_table(outcome, content.benchmarks)))
    ended = f"Net return {percent(outcome.return_fraction)} over {len(outcome.sessions)} sessions"
    beside = ", ".join(f"{b.name} {percent(b.equity_units[-1] / outcome.start_units - 1.0)}" for b in content.benchmarks)
    charts = (
        ("Equity", equity_chart(outcome, content.benchmarks), f"{ended}{'; beside it ' + beside if beside else ''}."),
        ("Drawdown", drawdown_chart(outcome), "How far equity stood below its highest so far."),
        ("Exposure", exposure_chart(outcome), "Value of all positions as a share of equity, after each minute."),
    )
    for n, (name, chart, says) in enumerate(charts):
        yield section(name, _figure(f"chart{n}", chart, says))
    yield section("Costs", _figure("costs", waterfall_chart(outcome), "From gross to net."), table(waterfall_table(outcome)))
    yield section(
        "Attribution",
        table(attribution("By strategy", "Strategy", outcome, lambda t: t.strategy)),
        table(attribution("By regime at entry", "Regime", outcome, lambda t: t.regime)),
        table(attribution("By symbol", "Symbol", outcome, lambda t: t.symbol)),
        table(attribution("By what closed it", "Closed by", outcome, lambda t: "still open" if t.is_open else t.reason)),
    )
    if content.tables:
        yield section("More", *map(table, content.tables))
    yield section("Trades", table(trades_table(outcome, content.trades_max)))


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
    return section("Is there an edge?", word, *map(table, verdict.tables))


def _figure(anchor: str, chart: go.Figure, says: str) -> str:
    drawn = chart.to_html(
        full_html=False, include_plotlyjs=False, div_id=anchor, config={"responsive": True, "displaylogo": False, "displayModeBar": False}
    )
    label = escape(says, quote=True)
    return f'<figure>\n<div role="img" aria-label="{label}">{drawn}</div>\n<figcaption>{escape(says)}</figcaption>\n</figure>\n'
