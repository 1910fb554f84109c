"""A picture of a run: the live view as it stood at one instant, and the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.text import Text

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.view.panel import PICTURE_COLUMNS, View


class Camera:
    """An observer that keeps the first view at or after `at_ns`."""

    def __init__(self, view: View, at_ns: int) -> None:
        self._view = view
        self._at_ns = at_ns
        self._kept: Text | None = None

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        if self._kept is None and event.ts_event_ns >= self._at_ns:
            self._kept = _frozen(self._view.panel())

    def svg(self, end: RenderableType, title: str) -> str:
        """Both as one SVG of a terminal, with the reader's own monospace font."""
        console = Console(record=True, width=PICTURE_COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
        console.print(Group(self._kept or Text(), end))
        return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=title), flags=re.DOTALL)


def _frozen(renderable: RenderableType) -> Text:
    """What a renderable shows now, as text with its colours."""
    console = Console(width=PICTURE_COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(renderable)
    return Text.from_ansi(capture.get())
