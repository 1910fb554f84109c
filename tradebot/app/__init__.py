"""The composition root: what each command means, wired from the parts. A name is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_ROOMS: Final = {
    "acknowledge_alerts": "alerts",
    "alert_runbook": "alerts",
    "backtest": "research",
    "build_features": "feature_store",
    "check_lookahead": "check",
    "compare_models": "models",
    "costs": "costs",
    "demo": "demo",
    "export_journal": "journal_export",
    "export_model": "export",
    "feature_quality": "feature_store",
    "fetch": "history",
    "install": "install",
    "judge": "honesty",
    "latest_features": "feature_store",
    "list_alerts": "alerts",
    "list_features": "features",
    "list_models": "models",
    "list_trials": "trials",
    "mirror_models": "mirror",
    "promote_model": "models",
    "replay_day": "replay",
    "report_period": "period_report",
    "roll_back_model": "models",
    "run": "service",
    "search": "search",
    "serve_sim": "simulator",
    "service_status": "install",
    "show_feature": "features",
    "show_model": "models",
    "tell_day": "replay",
    "train": "research",
    "try_channel": "alerts",
    "uninstall": "install",
    "verify_features": "features",
    "verify_journal": "journal",
    "verify_trials": "trials",
    "walk": "walk_forward.run",
    "why_not_traded": "why_not",
    "why_traded": "why",
}


def __getattr__(name: str) -> Any:
    """`app.train` and the like; only the room that is needed costs its imports."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = value  # else a room of the same name would stand in its place from now on
    return value
