"""Regime models on disk: `models/<profile>/regimes/<UTC time stamp>/`, complete or absent, as every version."""

from __future__ import annotations

import os
import platform
import shutil
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.core.regime.learned import LEARNED_LABELS
from tradebot.learning.regimes.training import TrainedRegimes
from tradebot.learning.registry import version_name
from tradebot.serving import artefact, regime_store
from tradebot.serving.manifest import FORMAT, Manifest, file_sha256, write_manifest

LABEL: Final = "next_hour_regime"
_LIBRARIES: Final = ("scikit-learn", "numpy", "numba", "safetensors")


def save_regimes(trained: TrainedRegimes, models_root: Path, profile: str, created_ns: int | None = None) -> Path:
    """Write a version and return its folder. It is loaded once under its temporary name before it takes its place.

    `serving.store.promote`, `versions`, `latest_model` and `current_model` take it as profile "<profile>/regimes". Raises OperatorFault
    when the folder can't be written or the version is already there.
    """
    created_ns = time.time_ns() if created_ns is None else created_ns
    name, family = version_name(created_ns), f"{profile}/{regime_store.FOLDER}"
    target = models_root / family / name
    part = target.with_name(f".{name}.{os.getpid()}.part")
    if target.exists():
        raise OperatorFault(f"{target}: this version is already there, and versions never change")
    try:
        part.mkdir(parents=True)
        artefact.write_forest(part / artefact.FILE, trained.forest)
        regime_store.write_regimes(part / regime_store.FILE, trained.clusters, trained.hmm)
        files = {file: file_sha256(part / file) for file in (artefact.FILE, regime_store.FILE)}
        write_manifest(part, _manifest(trained, family, name, created_ns, files))
        regime_store.load_regimes(part)
        part.rename(target)
    except OSError as error:
        raise OperatorFault(f"{target}: the model can't be written here ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _manifest(trained: TrainedRegimes, family: str, name: str, created_ns: int, files: dict[str, str]) -> Manifest:
    config = trained.config
    return Manifest(
        format=FORMAT,
        profile=family,
        version=name,
        created_ns=created_ns,
        kind="regimes",
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
        libraries={"python": platform.python_version()} | {lib: version(lib) for lib in _LIBRARIES},
        files=files,
        classes=LEARNED_LABELS,
    )
