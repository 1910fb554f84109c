"""Regime models on disk: `models/<profile>/regimes/<UTC time stamp>/`, complete or absent, as every version."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Final

from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.core.regime.learned import LEARNED_LABELS
from tradebot.learning.regimes.training import TrainedRegimes
from tradebot.learning.registry import NO_FINDINGS, Findings, Origin, origin_fields, save_version
from tradebot.serving import regime_store
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.manifest import Manifest

LABEL: Final = "next_hour_regime"


def save_regimes(
    trained: TrainedRegimes, models_root: Path, profile: str, created_ns: int | None = None, findings: Findings = NO_FINDINGS
) -> Path:
    """Write a version and return its folder, as `save_version` does.

    `serving.store.promote`, `versions`, `latest_model` and `current_model` take it as profile "<profile>/regimes".
    """

    def write(part: Path) -> None:
        ForestArtefact(trained.forest).write(part)
        regime_store.write_regimes(part / regime_store.FILE, trained.clusters, trained.hmm)

    family = f"{profile}/{regime_store.FOLDER}"
    return save_version(
        models_root, family, created_ns, write, lambda origin: _manifest(trained, origin, findings), regime_store.load_regimes
    )


def _manifest(trained: TrainedRegimes, origin: Origin, findings: Findings) -> Manifest:
    config, artefact = trained.config, ForestArtefact(trained.forest)
    return Manifest(
        **origin_fields(origin),
        kind=regime_store.KIND,
        runtime=artefact.runtime,
        answer=artefact.answer,
        label=LABEL,
        label_parameters={"horizon_min": float(config.horizon_min), "clusters": float(config.clusters)},
        features=config.features,
        schema_hash=schema_hash(config.features),
        warm_up_bars=warm_up_bars(config.features),
        data=trained.data,
        train=trained.train,
        test=trained.test,
        embargo_sessions=config.embargo_sessions,
        seed=config.seed,
        training=asdict(config),
        metrics=asdict(trained.metrics),
        classes=LEARNED_LABELS,
        alarms=findings.alarms,
        gate=findings.gate,
    )
