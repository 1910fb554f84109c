"""The composition root: what each command means, wired from the parts. A name is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_ROOMS: Final = {
    "backtest": "research",
    "demo": "demo",
    "fetch": "history",
    "run": "service",
    "serve_sim": "simulator",
    "train": "research",
}


def __getattr__(name: str) -> Any:
    """`app.train` and the like; only the room that is needed costs its imports."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
