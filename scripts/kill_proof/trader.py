"""Who trades what in a proof: TRADERS by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from scripts.kill_proof import stairs
from tests.shell import scene
from tradebot.core.config import EngineConfig
from tradebot.core.config_text import config_text
from tradebot.core.domain.bars import BarColumns
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.forecast.model import Model
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.shell.parts import DaemonParts, Promotion
from tradebot.sim.alpaca_server.server import ServerThread
from tradebot.sim.venue_config import VenueConfig

MOVING: Final = ExitsConfig(
    mode="adaptive",
    stop_fraction=0.004,
    target_fraction=0.006,
    stop_atrs=8.0,
    target_atrs=8.0,
    peak_gain_atrs=4.0,
    flatten_before_close_min=5,
)


@dataclass(frozen=True, slots=True)
class Trader:
    """A configuration, a model, and the market that they meet."""

    config: EngineConfig
    model: Model
    venue: VenueConfig
    bars: Callable[[], Mapping[str, BarColumns]]
    reconcile_s: float = 0.0

    def new_engine(self, snapshot: bytes | None) -> Engine:
        models = {self.model.model_id: self.model}
        if snapshot is None:
            return Engine(self.config, scene.sessions(), models)
        return Engine.restore(self.config, scene.sessions(), models, snapshot)

    def parts(self, url: str, state: Path, **changes: Any) -> DaemonParts:
        mine: dict[str, Any] = {
            "engine_factory": self.new_engine,
            "config": config_text(self.config),
            "promotion": Promotion(self.model.model_id, "0" * 64, "test"),
            "reconcile_s": self.reconcile_s,
        }
        return scene.parts(url, state, **mine, **changes)

    @contextmanager
    def market(self) -> Iterator[ServerThread]:
        with scene.market(venue=self.venue, bars=self.bars()) as server:
            yield server


def _scene_bars() -> Mapping[str, BarColumns]:
    return scene.until(scene.DAY)


_SCENE = scene.engine_config()
_STAIRS = Trader(
    replace(
        _SCENE,
        exits=replace(MOVING, atr_minutes=2, stop_atrs=2.0, target_fraction=0.005, peak_gain_atrs=0),
        sizing=SizingConfig(equity_fraction=0.2, max_shares=100),
        limits=LimitsConfig(positions_max=len(scene.SYMBOLS), order_usd_max=50_000, daily_loss_fraction_max=0.5),
    ),
    stairs.Always(),
    stairs.VENUE,
    stairs.histories,
    reconcile_s=60.0,
)
TRADERS: Final[Mapping[str, Trader]] = {
    "moving": Trader(replace(_SCENE, exits=MOVING), scene.Cents(), scene.PARTIAL_FILLS, _scene_bars),
    "real": Trader(_SCENE, scene.Cents(), scene.VENUE, _scene_bars),
    "stairs": _STAIRS,
    "few_stairs": replace(_STAIRS, bars=partial(stairs.histories, stairs_max=8)),
}
"""moving: real bars, stops that move up by replacements, exits at a peak. real: real bars, brackets. stairs: see `stairs`; few_stairs: two
hours of it.
"""
