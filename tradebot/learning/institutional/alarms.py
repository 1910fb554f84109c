"""The leak alarms of the institutional system: each specialist's own, on its features and label, as of any other model of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tradebot.core.domain.bars import MarketGrid
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.run import run_alarms
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import build_dataset
from tradebot.learning.institutional.specialists import SPECIALISTS
from tradebot.learning.trainers.catalogue import SINGLE


def specialist_alarms(
    grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, say: Callable[[str], None], alarms: AlarmConfig | None = None
) -> tuple[Alarm, ...]:
    """Every alarm of every specialist, named after it."""
    found: list[Alarm] = []
    for specialist in SPECIALISTS:
        own = specialist.config(config)
        rows = build_dataset(grid, own, cost)
        for alarm in run_alarms(rows, grid, own, cost, SINGLE[specialist.kind], alarms=alarms, say=say):
            found.append(replace(alarm, name=f"{specialist.name}/{alarm.name}", sentence=f"{specialist.name}: {alarm.sentence}"))
    return tuple(found)
