"""`models export --onnx`: a version as an ONNX file, compared with the served model on real bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from tradebot.app.market import load_market
from tradebot.app.models import find_version, home
from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import finite_rows, scan_features
from tradebot.learning.export.onnx_file import export_onnx, need_onnx
from tradebot.serving.store import load_artefact
from tradebot.settings import Settings
from tradebot.shell.feeds.warm_up import warm_up_from

ROWS_MAX: Final = 5000


def export_model(profile: str, version: str, path: Path, *, bars: Path | None = None) -> dict[str, Any]:
    """Write a version as ONNX. Raises OperatorFault where it can't be, or doesn't answer as the served model does."""
    need_onnx()
    settings, _ = home(profile)
    folder = find_version(settings, version)
    manifest, artefact = load_artefact(folder)
    if len(manifest.files) > 1 and settings.model.kind == "regimes":
        raise OperatorFault(f"{folder.name} is a model of regimes: clusters and a hidden Markov model can't be exported as ONNX")
    exported = export_onnx(manifest, artefact, _real_rows(settings, manifest.features, manifest.warm_up_bars, bars), path)
    return {
        "model_id": manifest.model_id, "file": str(exported.path), "bytes": exported.size_bytes, "runtime": manifest.runtime,
        "answer": manifest.answer, "features": len(manifest.features), "rows_compared": exported.rows, "difference": exported.difference,
    }  # fmt: skip


def _real_rows(settings: Settings, features: tuple[str, ...], warm_up: int, bars: Path | None) -> Float:
    """Up to ROWS_MAX rows, evenly taken, of the newest session and what it needs to warm up; of all bars where that gives none."""
    market = load_market(settings, bars)
    newest = market.traded[-1:]
    enough = market.since(warm_up_from(market.table, newest[0].open_ns, warm_up), newest)
    for sessions in (enough, market.traded):  # bars with a gap in them warm up on older ones
        grid = market.grid(sessions)
        values, ready = scan_features(grid, features)
        rows = values[ready & grid.present]
        rows = rows[finite_rows(rows)]
        if len(rows):
            return np.ascontiguousarray(rows[:: -(-len(rows) // ROWS_MAX)])
    raise OperatorFault(f"the bars up to {newest[0].date} are too few for one whole row of features: nothing to compare the export on")
