"""Versions on disk: one immutable folder a training, complete or absent."""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.learning.selector.training import TrainedSelector
from tradebot.learning.training import Trained
from tradebot.serving import artefact
from tradebot.serving.manifest import FORMAT, Manifest, file_sha256, write_manifest
from tradebot.serving.store import load_model

_LIBRARIES: Final = ("scikit-learn", "numpy", "numba", "safetensors")


def save(trained: Trained | TrainedSelector, models_root: Path, profile: str, created_ns: int | None = None) -> Path:
    """Write `models_root/profile/<UTC time stamp>/` and return it. It is loaded once under its temporary name before it takes its place.

    Raises OperatorFault when the folder can't be written or the version is already there.
    """
    created_ns = time.time_ns() if created_ns is None else created_ns
    name = version_name(created_ns)
    target = models_root / profile / name
    part = models_root / profile / f".{name}.{os.getpid()}.part"
    if target.exists():
        raise OperatorFault(f"{target}: this version is already there, and versions never change")
    try:
        part.mkdir(parents=True)
        artefact.write_forest(part / artefact.FILE, trained.forest)
        write_manifest(part, _manifest(trained, profile, name, created_ns, {artefact.FILE: file_sha256(part / artefact.FILE)}))
        load_model(part)
        part.rename(target)
    except OSError as error:
        raise OperatorFault(f"{target}: the model can't be written here ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def version_name(created_ns: int) -> str:
    """`20131011T200000.000000Z`: sorts by name as by time."""
    seconds, rest_ns = divmod(created_ns, NS_PER_S)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y%m%dT%H%M%S}.{rest_ns // 1000:06d}Z"


def _manifest(trained: Trained | TrainedSelector, profile: str, name: str, created_ns: int, files: dict[str, str]) -> Manifest:
    config = trained.config
    kind, classes = (trained.kind, trained.classes) if isinstance(trained, TrainedSelector) else (trained.config.kind, ())
    return Manifest(
        format=FORMAT,
        profile=profile,
        version=name,
        created_ns=created_ns,
        kind=kind,
        label=trained.label,
        label_parameters=trained.label_parameters,
        features=trained.features,
        schema_hash=schema_hash(trained.features),
        warm_up_bars=warm_up_bars(trained.features),
        data=trained.data,
        train=trained.train,
        test=trained.test,
        embargo_sessions=config.embargo_sessions,
        seed=config.seed,
        training=asdict(config),
        metrics=asdict(trained.metrics),
        libraries={"python": platform.python_version()} | {lib: version(lib) for lib in _LIBRARIES},
        files=files,
        classes=classes,
    )
