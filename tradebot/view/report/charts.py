"""The charts of a report: plotly figures, thinned to what a screen can show, without losing an extreme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.sim.benchmarks import Benchmark
from tradebot.sim.outcome import Outcome
from tradebot.view.report.figures import drawdown, local_time, waterfall_steps

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS_MAX: Final = 2_000
_OURS: Final = "#2a78d6"
_OTHERS: Final = ("#8a8a85", "#eb6834", "#1baf7a", "#b07cc6")
_GAIN, _LOSS = "#1baf7a", "#d6453d"
_GRID: Final = "rgba(128,128,128,0.25)"


def thin(values: Float, points_max: int = POINTS_MAX) -> Int:
    """Rows to draw of a line (T,): the first and last, and of each stretch the lowest and the highest, in order."""
    if len(values) <= points_max:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), points_max // 2 + 1).astype(np.int64)
    kept = {0, len(values) - 1}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept.update((start + int(values[start:stop].argmin()), start + int(values[start:stop].argmax())))
    return np.array(sorted(kept), np.int64)


def equity_chart(outcome: Outcome, benchmarks: Sequence[Benchmark]) -> go.Figure:
    """Equity beside the benchmarks, dollars."""
    figure = _empty("USD")
    lines = [("this run", outcome.equity_units, _OURS, 2.5)]
    lines += [(b.name, b.equity_units, _OTHERS[i % len(_OTHERS)], 1.5) for i, b in enumerate(benchmarks)]
    for name, units, colour, width in lines:
        _line(figure, name, outcome.minute_ns, units / UNITS_PER_USD, colour, width)
    _skip_nights(figure, outcome)
    return figure


def drawdown_chart(outcome: Outcome) -> go.Figure:
    figure = _empty("percent below the highest equity", percent=True)
    _line(figure, "drawdown", outcome.minute_ns, drawdown(outcome), _LOSS, 1.5, filled=True)
    _skip_nights(figure, outcome)
    return figure


def exposure_chart(outcome: Outcome) -> go.Figure:
    figure = _empty("percent of equity", percent=True)
    _line(figure, "exposure", outcome.minute_ns, outcome.exposure_units / np.maximum(outcome.equity_units, 1), _OURS, 1.5, filled=True)
    _skip_nights(figure, outcome)
    return figure


def waterfall_chart(outcome: Outcome) -> go.Figure:
    import plotly.graph_objects as go

    steps = waterfall_steps(outcome)
    figure = _empty("USD")
    figure.add_trace(
        go.Waterfall(
            x=[name for name, _ in steps],
            y=[units / UNITS_PER_USD for _, units in steps],
            measure=["absolute", *["relative"] * (len(steps) - 2), "total"],
            increasing={"marker": {"color": _GAIN}},
            decreasing={"marker": {"color": _LOSS}},
            totals={"marker": {"color": _OURS}},
            showlegend=False,
        )
    )
    return figure


def _empty(y_title: str, *, percent: bool = False) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 64, "r": 12, "t": 12, "b": 40},
        height=340,
        legend={"orientation": "h", "y": 1.08, "x": 0},
        hovermode="x unified",
        font={"family": "system-ui, sans-serif", "size": 13},
        xaxis={"gridcolor": _GRID, "zeroline": False},
        yaxis={"gridcolor": _GRID, "zerolinecolor": _GRID, "title": {"text": y_title}, "tickformat": ".1%" if percent else ",.0f"},
    )
    return figure


def _line(figure: go.Figure, name: str, minute_ns: Int, values: Float, colour: str, width: float, *, filled: bool = False) -> None:
    import plotly.graph_objects as go

    rows = thin(values)
    times = [local_time(int(minute_ns[t]) + 60 * NS_PER_S).strftime("%Y-%m-%d %H:%M") for t in rows]
    line = {"color": colour, "width": width}
    fill = "tozeroy" if filled else None
    figure.add_trace(go.Scatter(x=times, y=values[rows].round(8).tolist(), name=name, mode="lines", line=line, fill=fill))


def _skip_nights(figure: go.Figure, outcome: Outcome) -> None:
    """A short run is drawn without the hours in which nothing trades; over a long one they are too narrow to see."""
    if len(outcome.sessions) <= 30:
        figure.update_xaxes(rangebreaks=[{"bounds": ["sat", "mon"]}, {"bounds": [16.1, 9.4], "pattern": "hour"}])
