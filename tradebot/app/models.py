"""`models`: the versions of a profile, what each is worth, and which one trades."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tradebot.app.shelf import load, models_of
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.serving import store
from tradebot.serving.manifest import Manifest, read_manifest
from tradebot.serving.promotions import PromotionRow, history
from tradebot.serving.store import current_version, versions
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.settings.files import nearest

Progress = Callable[[str, int, int], None]

KEY_METRICS: Final = ("roc_auc", "brier", "accuracy", "log_loss", "net_selected", "net_per_trade", "rank_correlation", "r2")
"""What a list of versions shows of a model's figures, where it has them."""


def list_models(profile: str) -> list[dict[str, Any]]:
    """A row for each version, newest first. A version that can't be read says so in its row. Raises OperatorFault when there is none."""
    settings, folder = home(profile)
    current, promoted = current_version(folder), {row.version: row for row in history(folder)}
    return [_row(path, current, promoted.get(path.name)) for path in reversed(all_versions(settings, folder))]


def show_model(profile: str, version: str) -> dict[str, Any]:
    """Everything that is known of a version ("" = the one that trades, else the newest), its files verified, and when it traded."""
    settings, folder = home(profile)
    path = find_version(settings, version)
    load(path)
    manifest = read_manifest(path)
    body = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    data = body.pop("data")
    for name in ("train", "test", "code", "gate"):
        body[name] = plain(body[name])
    return {
        "model_id": manifest.model_id,
        "trades": path.name == current_version(folder),
        "folder": str(path),
        **body,
        "alarms": [plain(alarm) for alarm in manifest.alarms],
        "data_sha256": manifest.data_sha256,
        "data": [{"symbol": symbol, **plain(bars)} for symbol, bars in data.items()],
        "promotions": [_promotion(row) for row in history(folder) if row.version == path.name],
    }


def compare_models(profile: str, one: str, other: str) -> dict[str, Any]:
    """Figures of two versions side by side. Raises OperatorFault when they answer different questions."""
    settings, _ = home(profile)
    paths = find_version(settings, one), find_version(settings, other)
    a, b = (read_manifest(path) for path in paths)
    why = _incomparable(a, b)
    if why:
        raise OperatorFault(f"{a.version} and {b.version} are not comparable: {why}")
    figures = [flat(m.metrics) for m in (a, b)]
    same_rows = (a.test, a.data_sha256) == (b.test, b.data_sha256)
    return {
        "label": a.label,
        "note": "measured on the same rows"
        if same_rows
        else "measured on different rows: a difference may be the market's, not the model's",
        "versions": [_described(m) for m in (a, b)],
        "metrics": [
            {"metric": name, "first": figures[0].get(name), "second": figures[1].get(name), "difference": _less(figures, name)}
            for name in dict.fromkeys((*figures[0], *figures[1]))
        ],
    }


def promote_model(profile: str, version: str, *, reason: str, force: bool, bars: Path | None, progress: Progress) -> dict[str, Any]:
    """Make a version the one that trades, past the gate that a training has to pass, or by force. Raises OperatorFault when kept out."""
    settings, folder = home(profile)
    path = find_version(settings, version)
    load(path)
    if path.name == current_version(folder):
        raise OperatorFault(f"{path.name} trades already")
    if force:
        store.promote(path, reason, "forced")
        return _changed(settings, path, reason, {})
    from tradebot.app.hearing import hear

    verdict = hear(settings, path, bars, progress)
    if not verdict.promote:
        raise OperatorFault(f"{path.name} is kept out: {verdict.reason}; --force promotes it all the same")
    store.promote(path, f"{reason} ({verdict.reason})", "operator")
    return _changed(settings, path, reason, verdict.figures) | {"gate_reason": verdict.reason}


def roll_back_model(profile: str, reason: str) -> dict[str, Any]:
    """Back to the version that traded before."""
    settings, folder = home(profile)
    left = current_version(folder)
    path = store.roll_back(settings.models_dir, models_of(settings), reason)
    return _changed(settings, path, reason, {}) | {"left": left}


def find_version(settings: Settings, text: str) -> Path:
    """The folder of a version by its name or the beginning of it; "" is the one that trades, else the newest. Raises OperatorFault."""
    folder = settings.models_dir / models_of(settings)
    found = all_versions(settings, folder)
    if not text:
        return store.current_model(settings.models_dir, models_of(settings)) or found[-1]
    matching = [path for path in found if path.name.startswith(text)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise OperatorFault(f"{text} is the beginning of {len(matching)} versions of {settings.profile}: {_some(matching)}")
    hint = nearest(text, [path.name for path in found]) or f"; there are {_some(found)}"
    raise OperatorFault(f"{settings.profile} has no version {text!r}{hint}")


def home(profile: str) -> tuple[Settings, Path]:
    """A profile's settings and the folder of its versions. Raises OperatorFault where it has none to have."""
    settings = load_settings(profile, read_environment())
    if settings.model.kind == "none":
        raise OperatorFault(f'{settings.profile} learns while it trades (model.kind = "none"): it has no models')
    return settings, settings.models_dir / models_of(settings)


def all_versions(settings: Settings, folder: Path) -> list[Path]:
    found = versions(settings.models_dir, models_of(settings))
    if not found:
        raise OperatorFault(f"{settings.profile} has no model yet; make one with: tradebot train --profile {settings.profile}")
    return found


def _some(found: list[Path]) -> str:
    names = [path.name for path in found[-3:]]
    return ", ".join(names) + (f" and {len(found) - 3} before" if len(found) > 3 else "")


def _row(path: Path, current: str, promoted: PromotionRow | None) -> dict[str, Any]:
    about = {
        "version": path.name,
        "trades": "now" if path.name == current else "",
        "promoted": _utc(promoted.at_ns) if promoted is not None else "",
        "by": promoted.how if promoted is not None else "",
    }
    try:
        manifest = read_manifest(path)
    except OperatorFault as fault:
        return about | {"fault": str(fault)}
    gate, rang = manifest.gate, [alarm.name for alarm in manifest.alarms if alarm.rang]
    why = promoted.reason if promoted is not None else gate.reason if gate is not None else ""
    return {
        **about, "made": _utc(manifest.created_ns), "kind": manifest.kind, "label": manifest.label, "test_rows": manifest.test.rows,
        **key_metrics(manifest.metrics), "alarms": ", ".join(rang), "reason": why,
    }  # fmt: skip


def key_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The first few figures of KEY_METRICS that a model has."""
    return {name: metrics[name] for name in KEY_METRICS if isinstance(metrics.get(name), float)} if metrics else {}


def _incomparable(a: Manifest, b: Manifest) -> str:
    if a.label != b.label:
        return f"one learned {a.label}, the other {b.label}"
    if a.classes != b.classes:
        return "they choose among different classes"
    differ = [name for name in {**a.label_parameters, **b.label_parameters} if a.label_parameters.get(name) != b.label_parameters.get(name)]
    if differ:
        name = differ[0]
        return f"{name} of their label {a.label} is {a.label_parameters.get(name)} and {b.label_parameters.get(name)}"
    return ""


def _described(manifest: Manifest) -> dict[str, Any]:
    return {
        "version": manifest.version, "made": _utc(manifest.created_ns), "kind": manifest.kind, "features": len(manifest.features),
        "train_rows": manifest.train.rows, "test_rows": manifest.test.rows, "test_first_ns": manifest.test.first_ns,
        "test_last_ns": manifest.test.last_ns, "seed": manifest.seed, "alarms": sum(alarm.rang for alarm in manifest.alarms),
    }  # fmt: skip


def flat(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested figures by dotted names; numbers and what is missing only."""
    figures: dict[str, Any] = {}
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            figures |= flat(value, f"{prefix}{key}.")
        elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            figures[prefix + key] = value
    return figures


def _less(figures: list[dict[str, Any]], name: str) -> float | None:
    first, second = (figure.get(name) for figure in figures)
    return None if first is None or second is None else second - first


def _changed(settings: Settings, path: Path, reason: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    note = "a daemon that runs takes it at its next start"
    return {"model_id": f"{models_of(settings)}/{path.name}", "trades": True, "reason": reason, "note": note, "gate": dict(figures)}


def _promotion(row: PromotionRow) -> dict[str, Any]:
    return {"at": _utc(row.at_ns), "by": row.how, "after": row.previous, "reason": row.reason}


def plain(part: Any) -> Any:
    return {name: getattr(part, name) for name in part.__struct_fields__} if hasattr(part, "__struct_fields__") else part


def _utc(ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(ns / NS_PER_S, dt.UTC):%Y-%m-%d %H:%M}"
