"""All that the shell knows of the engine."""

from __future__ import annotations

from typing import Protocol

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event


class EngineLike(Protocol):
    def handle(self, event: Event) -> list[Command]: ...

    def snapshot(self) -> bytes: ...
