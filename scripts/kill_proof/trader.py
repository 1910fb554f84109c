"""What trades in the proof: the model of tests/shell/scene.py, with stops that move up by replacements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.shell import scene
from tradebot.core.config import EngineConfig
from tradebot.core.config_text import config_text
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.shell.parts import DaemonParts

EXITS: Final = ExitsConfig(
    mode="adaptive",
    stop_fraction=0.004,
    target_fraction=0.006,
    stop_atrs=8.0,
    target_atrs=8.0,
    peak_gain_atrs=0,
    flatten_before_close_min=5,
)


def engine_config() -> EngineConfig:
    return replace(scene.engine_config(), exits=EXITS)


def new_engine(snapshot: bytes | None) -> Engine:
    if snapshot is None:
        return Engine(engine_config(), scene.sessions(), scene.MODELS)
    return Engine.restore(engine_config(), scene.sessions(), scene.MODELS, snapshot)


def parts(url: str, state: Path, **changes: Any) -> DaemonParts:
    return scene.parts(url, state, engine_factory=new_engine, config=config_text(engine_config()), **changes)
