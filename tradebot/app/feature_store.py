"""`features build`, `latest` and `quality`: the profile's feature store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tradebot.app.features import new_york
from tradebot.app.market import Market, load_market
from tradebot.app.session_grids import SessionGrids
from tradebot.app.shelf import models_of
from tradebot.core.domain.bars import Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.learning.drift import DRIFT_MAX, Sketch, ks, psi, sketch
from tradebot.learning.quality import QualityCount
from tradebot.serving.manifest import read_manifest
from tradebot.serving.store import current_model
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.settings.files import nearest
from tradebot.shell.api_client import ApiClient, NotRunning
from tradebot.shell.store.feature_lineage import all_features
from tradebot.shell.store.feature_reference import read_reference, write_reference
from tradebot.shell.store.features import FeatureStore

Progress = Callable[[str, int, int], None]
RECENT_SESSIONS = 5


def build_features(
    profile: str, *, bars: Path | None = None, first: dt.date | None = None, last: dt.date | None = None, progress: Progress
) -> dict[str, Any]:
    """Compute and store the sessions from `first` to `last` that are missing, with the memory of all bars before them."""
    settings, market = _market(profile, bars, progress)
    sessions = market.between(dt.date.min, last or dt.date.max)
    wanted = [s.date for s in sessions if first is None or s.date >= first]
    if not wanted:
        raise OperatorFault(f"no session from {first} to {last} has bars")
    store, new = FeatureStore(settings.features_dir), 0
    for done, built in enumerate(store.build(SessionGrids(market, sessions), wanted=lambda date: first is None or date >= first), 1):
        new += built.is_new
        progress("features", done, len(wanted))
    return {
        "folder": str(store.folder),
        "schema_hash": store.schema_hash,
        "features": len(all_features()),
        "symbols": tuple(market.histories),
        "first": str(wanted[0]),
        "last": str(wanted[-1]),
        "computed": new,
        "already_there": len(wanted) - new,
    }


def latest_features(profile: str, symbols: Sequence[str] = ()) -> dict[str, Any]:
    """The newest row of each symbol: the running daemon's, else the store's newest session's. Raises OperatorFault where there is none."""
    settings = load_settings(profile, read_environment())
    try:
        source, rows = "daemon", ApiClient(settings.socket_path).features()
    except NotRunning:
        store = FeatureStore(settings.features_dir)
        source, rows = str(store.folder), _newest_stored(store, profile)
    known = [row["symbol"] for row in rows]
    absent = next((s for s in symbols if s not in known), None)
    if absent is not None:
        raise OperatorFault(f"there is no row of {absent}{nearest(absent, known)} (symbols: {', '.join(known)})")
    chosen = [row | {"minute": new_york(row["minute_ns"])} for row in rows if not symbols or row["symbol"] in symbols]
    return {"source": source, "rows": chosen}


def feature_quality(profile: str, *, bars: Path | None = None, sessions: int = RECENT_SESSIONS, progress: Progress) -> dict[str, Any]:
    """Missing share, staleness and drift of each feature over the last sessions, the furthest drifted first.

    Drift is measured against what the current model learned from: a sketch of its training span, kept in the store under the model's
    version; without a model, against the sessions before the recent ones.
    """
    settings, market = _market(profile, bars, progress)
    store, recent = FeatureStore(settings.features_dir), market.traded[-sessions:]
    against, reference = _reference(settings, market, store, recent, progress)
    rows: list[dict[str, Any]] = []
    for name, found in zip(all_features(), _counted(store, market, recent, progress).result(), strict=True):
        shift = psi(reference[name], found.sample) if name in reference else None
        rows.append(
            {
                "feature": name,
                "missing_share": found.missing_share,
                "stale_min": found.stale_min,
                "unchanged_min": found.unchanged_min,
                "psi": shift,
                "ks": ks(reference[name], found.sample) if name in reference else None,
                "drift": shift is not None and shift > DRIFT_MAX,
            }
        )
    rows.sort(key=lambda row: -(row["psi"] or 0.0))
    return {
        "against": against,
        "recent": f"{recent[0].date} to {recent[-1].date}",
        "symbols": tuple(market.histories),
        "schema_hash": store.schema_hash,
        "drifted": sum(row["drift"] for row in rows),
        "features": rows,
    }


def _reference(
    settings: Settings, market: Market, store: FeatureStore, recent: Sequence[Session], progress: Progress
) -> tuple[str, Mapping[str, Sketch]]:
    """What the recent sessions are compared with, in words, and its sketches by feature; none where nothing lies before them."""
    folder = current_model(settings.models_dir, models_of(settings))
    if folder is not None:
        manifest = read_manifest(folder)
        kept = read_reference(store.folder, manifest.version)
        if kept is not None:
            return f"training of {manifest.model_id}, as kept in the store", kept
        span = manifest.train
        learned = tuple(s for s in market.traded if s.close_ns > span.first_ns and s.open_ns <= span.last_ns)
        if learned:
            sketches = _sketches(store, market, learned, progress)
            write_reference(store.folder, manifest.version, sketches)
            return f"training of {manifest.model_id}: {_span(learned)}", sketches
    before = market.before(recent[0].date)
    if not before:
        return "nothing: there are no sessions before the recent ones", {}
    return f"the sessions before: {_span(before)}", _sketches(store, market, before, progress)


def _sketches(store: FeatureStore, market: Market, sessions: Sequence[Session], progress: Progress) -> dict[str, Sketch]:
    found = _counted(store, market, sessions, progress).result()
    return {name: sketch(quality.sample) for name, quality in zip(all_features(), found, strict=True)}


def _counted(store: FeatureStore, market: Market, sessions: Sequence[Session], progress: Progress) -> QualityCount:
    """Quality of some sessions from the store, with those computed that are missing."""
    dates = {s.date for s in sessions}
    bars = sum(_bars_in(b.minute_ns, s) for b in market.histories.values() for s in sessions)
    count = QualityCount(len(market.histories), len(all_features()), bars)
    until = SessionGrids(market, market.between(dt.date.min, sessions[-1].date))
    what = f"features of {_span(sessions)}"
    for done, built in enumerate(store.build(until, names=all_features(), wanted=dates.__contains__), 1):
        assert built.rows is not None, "rows were asked for"
        count.add(built.rows.values, built.rows.seen > 0)
        progress(what, done, len(sessions))
    return count


def _bars_in(minute_ns: Int, session: Session) -> int:
    first, last = np.searchsorted(minute_ns, [session.open_ns, session.close_ns])
    return int(last - first)


def _span(sessions: Sequence[Session]) -> str:
    return f"{sessions[0].date} to {sessions[-1].date}"


def _newest_stored(store: FeatureStore, profile: str) -> list[dict[str, Any]]:
    """The last row of each symbol in the newest session."""
    held = store.sessions()
    rows = store.read(held[-1].session) if held else None
    if rows is None:
        raise OperatorFault(f"{store.folder}: no features are stored; compute them with: tradebot features build --profile {profile}")
    latest = []
    for n, symbol in enumerate(rows.symbols):
        for t in np.flatnonzero(rows.seen[:, n])[-1:]:
            values = dict(zip(all_features(), rows.values[t, n].tolist(), strict=True))
            latest.append({"symbol": symbol, "minute_ns": int(rows.minute_ns[t]), "bars_seen": int(rows.seen[t, n]), "values": values})
    return latest


def _market(profile: str, bars: Path | None, progress: Progress) -> tuple[Settings, Market]:
    from tradebot.app.kernels import ready_kernels

    settings = load_settings(profile, read_environment())
    progress("reading bars", 0, 0)
    market = load_market(settings, bars)
    ready_kernels(lambda text: progress(text, 0, 0))
    return settings, market
