"""`features list`, `show` and `verify`: the catalogue in plain values, and its proofs on any bars."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tradebot.app.market import Market, load_macro, market_of
from tradebot.app.session_grids import SessionGrids
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.features.catalogue import FEATURES, family_of, new_state, scan_sessions, schema_hash
from tradebot.core.features.feature import REFERENCE_SYMBOL, Feature
from tradebot.core.features.sets import SETS
from tradebot.learning.proofs.difference import Difference
from tradebot.learning.proofs.prove import choose_sessions, prove
from tradebot.learning.proofs.ranges import OPTIONAL
from tradebot.learning.proofs.starts import ACROSS_SYMBOLS
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.settings.files import nearest
from tradebot.shell.store.bar_file import bar_files
from tradebot.shell.store.bars import read_bar_folder
from tradebot.shell.store.feature_lineage import all_features, catalogue_hash, code_hash, families, lineage

Progress = Callable[[str, int, int], None]
REPLAYED_SESSIONS = 20


def list_features(family: str = "", set_name: str = "", scale_free: bool = False) -> dict[str, Any]:
    """Features of the catalogue, or of a set in its order, with their count and schema hash. Raises OperatorFault for unknown names."""
    known = list(families())
    if family and family not in known:
        raise OperatorFault(f"there is no family {family}{nearest(family, known)} (families: {', '.join(known)})")
    if set_name and set_name not in SETS:
        raise OperatorFault(f"there is no set {set_name}{nearest(set_name, list(SETS))} (sets: {', '.join(SETS)})")
    by_name = {f.name: f for f in FEATURES}
    names = SETS[set_name] if set_name else tuple(by_name)
    chosen = [by_name[n] for n in names if (not family or family_of(n) == family) and (not scale_free or by_name[n].scale_free)]
    return {
        "features": [_row(f) for f in chosen],
        "count": len(chosen),
        "schema_hash": schema_hash(tuple(f.name for f in chosen)),
    }


def show_feature(
    name: str, *, profile: str, bars: Path | None = None, symbol: str = "", day: dt.date | None = None, last: int = 5
) -> dict[str, Any]:
    """Everything that is known of one feature and, where there are bars, its last values for a symbol. Raises OperatorFault."""
    feature = find_feature(name)
    line = lineage()[all_features().index(name)]
    card: dict[str, Any] = {
        **_row(feature),
        "range": f"{feature.low:g} to {feature.high:g}",
        "inputs": feature.inputs,
        "optional_inputs": tuple(i for i in feature.inputs if i in OPTIONAL),
        "source": feature.source or "see the family",
        "sets": tuple(s for s, names in SETS.items() if name in names),
        "family_code_hash": line.code,
        "code_hash": code_hash(),
        "schema_hash": catalogue_hash(),
        "about_the_family": inspect.getdoc(families()[line.family]) or "",
    }
    settings = load_settings(profile, read_environment())
    folder = bars or settings.data.folder
    asked = bars is not None or bool(symbol) or day is not None
    if asked or (folder.is_dir() and any(not n.is_quotes for n in bar_files(folder))):
        card |= _last_values(feature, settings, folder, symbol, day, last)
    return card


def verify_features(
    *,
    profile: str,
    bars: Path | None,
    symbols: Sequence[str],
    sessions: int = REPLAYED_SESSIONS,
    everything: bool = False,
    seed: int = 7,
    progress: Progress,
) -> dict[str, Any]:
    """Prove the catalogue on the bars of a folder (the profile's by default). The report's `difference` is None when all is equal."""
    from tradebot.app.kernels import ready_kernels

    settings = load_settings(profile, read_environment())
    folder = bars or settings.data.folder
    progress("reading bars", 0, 0)
    market = market_of(read_bar_folder(folder, tuple(symbols) or None), macro=load_macro(settings))
    ready_kernels(lambda text: progress(text, 0, 0))
    dates = tuple(s.date for s in market.traded)
    replay = dates if everything else choose_sessions(dates, sessions, seed)
    what = f"proving {len(FEATURES)} features of {len(market.histories)} symbols on {len(dates)} sessions"
    proof = prove(SessionGrids(market, market.traded), replay=replay, seed=seed, progress=lambda done: progress(what, done, len(dates)))
    return {
        "folder": str(folder),
        "symbols": tuple(market.histories),
        "features": len(FEATURES),
        "schema_hash": catalogue_hash(),
        "sessions": proof.sessions,
        "bars": proof.bars,
        "replayed_sessions": len(proof.replayed),
        "choice": "all" if len(replay) == len(dates) else f"the first, the last and {len(replay) - 2} random ones of seed {seed}",
        "seed": seed,
        "restored_before": tuple(new_york(ns) for ns in proof.cut_ns),
        "values_compared": proof.compared,
        "absent_input": proof.absent,
        "difference": None if proof.difference is None else asdict(proof.difference),
        "verdict": "equal" if proof.difference is None else sentence(proof.difference),
    }


def find_feature(name: str) -> Feature:
    """The feature of a name. Raises OperatorFault with the nearest."""
    found = next((f for f in FEATURES if f.name == name), None)
    if found is None:
        raise OperatorFault(f"there is no feature {name}{nearest(name, [f.name for f in FEATURES])}")
    return found


def sentence(difference: Difference) -> str:
    """One difference in words: what was found where."""
    d = difference
    return f"{d.check}: {d.feature} of {d.symbol} at {new_york(d.minute_ns)} is {d.found}, not {d.wanted}"


def new_york(ts_ns: int) -> str:
    """ "2013-10-09 09:31 EDT"."""
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, ZoneInfo("America/New_York")).strftime("%Y-%m-%d %H:%M %Z")


def _row(feature: Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "family": family_of(feature.name),
        "unit": feature.unit,
        "warm_up_bars": feature.warm_up_bars,
        "scale_free": feature.scale_free,
        "version": feature.version,
        "formula": feature.formula,
    }


def _last_values(feature: Feature, settings: Settings, folder: Path, symbol: str, day: dt.date | None, last: int) -> dict[str, Any]:
    """The last values of a day (the last one by default), with the memory of all sessions before it."""
    there = sorted({n.symbol for n in bar_files(folder) if not n.is_quotes})
    chosen = symbol or (there[0] if there else "")
    if chosen not in there:
        raise OperatorFault(f"{folder}: there are no bars of {chosen or 'any symbol'}{nearest(chosen, there)}")
    compared = there if family_of(feature.name) == ACROSS_SYMBOLS else [s for s in (REFERENCE_SYMBOL,) if s in there]
    wanted = tuple(dict.fromkeys((chosen, *compared)))
    market = market_of(read_bar_folder(folder, wanted), macro=load_macro(settings))
    sessions = tuple(s for s in market.traded if day is None or s.date <= day)
    if not sessions or (day is not None and sessions[-1].date != day):
        raise OperatorFault(f"{folder}: {chosen} has no session on {day}")
    return {"symbol": chosen, "session": str(sessions[-1].date), "values": _tail(feature, market, SessionGrids(market, sessions), last)}


def _tail(feature: Feature, market: Market, grids: SessionGrids, last: int) -> list[dict[str, Any]]:
    memory, column = new_state(len(market.histories)), all_features().index(feature.name)
    rows: list[dict[str, Any]] = []
    for grid in grids:
        for _, values, seen in scan_sessions(grid, memory):
            here = [t for t in range(len(seen)) if seen[t, 0]][-last:] if last else []
            rows = [
                {"minute_ns": int(grid.minute_ns[t]), "bars_seen": int(seen[t, 0]), feature.name: float(values[t, 0, column])} for t in here
            ]
    return rows
