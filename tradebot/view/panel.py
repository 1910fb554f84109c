"""What one sees while sessions are traded: a live panel on a terminal, plain lines elsewhere.

The view is an observer: it is told events and the engine's commands, and keeps its own small picture of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.view.picture import NewYork, Picture, money

REFRESH_S: Final = 0.1
ROWS: Final = 8
PICTURE_COLUMNS: Final = 100


class View:
    """`with View(title, minutes) as view: ... view.observe(event, commands)`; `minutes` is how many will be traded, 0 = unknown."""

    def __init__(self, title: str, minutes: int, *, plain: bool = False, console: Console | None = None) -> None:
        self.console = console or Console()
        self.picture = Picture()
        self._title = title
        self._is_plain = plain or not self.console.is_terminal
        self._told = 0
        self._drawn_s = 0.0
        columns = (TextColumn("[bold]{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn("minutes"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=self.console, expand=True)
        self._task = self._bar.add_task("starting", total=minutes or None)
        self._live = Live(console=self.console, auto_refresh=False, transient=True, get_renderable=self.panel)

    def __enter__(self) -> Self:
        if not self._is_plain:
            self._live.start(refresh=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._is_plain:
            self._live.refresh()
            self._live.stop()

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        """Take in one event and draw, at most ten times a second."""
        self.picture.observe(event, commands)
        if self._is_plain:
            self._tell_lines()
            return
        now_s = time.monotonic()
        if now_s - self._drawn_s >= REFRESH_S:
            self._drawn_s = now_s
            self._live.refresh()

    def panel(self) -> RenderableType:
        """The whole picture as one renderable."""
        picture = self.picture
        self._bar.update(self._task, completed=picture.minutes, description=NewYork.date(picture.now_ns) or "starting")
        parts = Table.grid(expand=True, padding=(0, 2))
        parts.add_column(no_wrap=True)  # prices are shown in full, news get what is left
        parts.add_column(ratio=1)
        parts.add_row(_positions(picture), _news(picture))
        return Panel(
            Group(self._bar, Text(), _headline(picture), Text(), parts), title=self._title, title_align="left", border_style="cyan"
        )

    def _tell_lines(self) -> None:
        for line in self.picture.news[self._told :]:
            print(line, file=self.console.file, flush=True)
        self._told = len(self.picture.news)


def _headline(picture: Picture) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 2))
    texts = [
        Text(NewYork.clock(picture.now_ns), style="bold"),
        Text.assemble("P&L ", _money(picture.pnl_units)),
        Text.assemble("open ", _money(picture.open_pnl_units)),
        Text(f"decisions {picture.decisions:,}", style="dim"),
        Text(f"orders {picture.orders:,}", style="dim"),
        Text(f"fills {picture.fills:,}", style="dim"),
        Text(f"refusals {picture.refusals:,}", style="dim"),
    ]
    for _ in texts:
        line.add_column(no_wrap=True)
    line.add_row(*texts)
    return line


def _positions(picture: Picture) -> RenderableType:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("position", "shares", "entry", "last", "stop", "target", "P&L"):
        table.add_column(column, justify="left" if column == "position" else "right", no_wrap=True)
    for row in picture.positions()[:ROWS]:
        prices = (money(u) if u else "-" for u in (row.entry_units, row.mark_units, row.stop_units, row.target_units))
        table.add_row(row.symbol, str(row.qty), *prices, _money(row.pnl_units))
    for _ in range(ROWS - table.row_count):
        table.add_row()
    return table


def _news(picture: Picture) -> RenderableType:
    lines = [line.split(" ", 1)[1] for line in picture.news[-ROWS:]]
    return Group(Text("last orders", style="dim"), *(Text(line, no_wrap=True, overflow="ellipsis") for line in reversed(lines)))


def _money(units: int) -> Text:
    return Text(f"{'-' if units < 0 else '+'}${money(abs(units))}", style="red" if units < 0 else "green")
