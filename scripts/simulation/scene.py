"""What a fault may lay hands on: the world, and what the watch has to excuse while it lasts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.simulation.watch import Watch
from scripts.simulation.world import World
from tradebot.core.domain.events import OperatorOrder

Tell = Callable[[OperatorOrder, str], None]


@dataclass(slots=True)
class Scene:
    world: World
    watch: Watch
    chance: random.Random
    tell: Tell | None = None  # the daemon that lives now
    acted: list[str] = field(default_factory=list)

    def meet(self, tell: Tell) -> None:
        self.tell = tell

    def say(self, order: OperatorOrder, reason: str) -> None:
        """A person speaks; nobody hears it where no daemon lives."""
        if self.tell is not None and self.world.loop is not None and not self.world.loop.is_killed:
            self.tell(order, reason)
