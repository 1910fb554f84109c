"""A market of stairs: all prices stand still for thirteen minutes, then all step at once.

Between two steps time costs nothing, so an order that a fault delays by minutes costs nothing either: what counts is what is held at each
step. Without spread and fees, with one size for every entry and a model that always wants to be in, the books at the end of a session are
the same whatever the wire did, unless an order was lost, doubled or forgotten for a whole stair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tests.shell import scene
from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Answer
from tradebot.sim.venue_config import VenueConfig

STAIR_MINUTES: Final = 13  # of 390: the last step is well before all is sold
STEPS_BPS: Final = (-60, -45, -30, 30, 45, 60)  # through the stop, through the target, or in between, where the stop moves up
SESSIONS_BEFORE: Final = 2
VENUE: Final = VenueConfig(cash_usd=100_000, half_spread_bps=0.0, sec_fee_usd_per_million=0.0, taf_usd_per_share=0.0)
_CENT: Final = 100
_FIRST_USD: Final = (40, 55, 70, 85)


@dataclass(frozen=True)
class Always:
    """A model that wants to be in."""

    model_id: str = "always"
    features: tuple[str, ...] = ("close", "macd")
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.ones(len(rows))


def histories(seed: int = 1, stairs_max: int = 30) -> Mapping[str, BarColumns]:
    """The scene's symbols over three sessions, the last of them the scene's day, of which `stairs_max` stairs have bars."""
    table = scene.sessions().sessions
    last = next(n for n, session in enumerate(table) if session.date == scene.DAY)
    minutes = np.concatenate(
        [np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE, dtype=np.int64) for s in table[last - SESSIONS_BEFORE : last + 1]]
    )
    minutes = minutes[: SESSIONS_BEFORE * 390 + stairs_max * STAIR_MINUTES]
    made = {}
    for n, symbol in enumerate(scene.SYMBOLS):
        draws = np.random.default_rng((seed, n))
        stairs = np.cumprod(1 + draws.choice(STEPS_BPS, -(-len(minutes) // STAIR_MINUTES)) / 10_000)
        level = np.round(_FIRST_USD[n] * 100 * stairs).astype(np.int64) * _CENT
        price = np.repeat(level, STAIR_MINUTES)[: len(minutes)]
        made[symbol] = BarColumns(symbol, minutes, *(price.copy() for _ in range(4)), volume=np.full(len(minutes), 10_000, np.int64))
    return made
