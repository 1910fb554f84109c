"""Versions on disk: one immutable folder a training, complete or absent."""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.learning.selector.training import TrainedSelector
from tradebot.learning.training import Trained
from tradebot.serving.manifest import FORMAT, Manifest, file_sha256, write_manifest
from tradebot.serving.store import load_model

_LIBRARIES: Final = ("scikit-learn", "numpy", "numba", "safetensors")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a manifest says of when, where and with what a version was made, and of its files."""

    format: int
    profile: str
    version: str
    created_ns: int
    libraries: dict[str, str]
    files: dict[str, str]


def save(trained: Trained | TrainedSelector, models_root: Path, profile: str, created_ns: int | None = None) -> Path:
    """Write `models_root/profile/<UTC time stamp>/` and return it, as `save_version` does."""
    return save_version(models_root, profile, created_ns, trained.artefact.write, lambda about: _manifest(trained, about), load_model)


def save_version(
    models_root: Path,
    family: str,
    created_ns: int | None,
    write: Callable[[Path], None],
    manifest: Callable[[Origin], Manifest],
    load: Callable[[Path], object],
) -> Path:
    """A new version folder, complete or absent: `write` its files, add the manifest, `load` it once under its temporary name.

    Raises OperatorFault when the folder can't be written or the version is already there.
    """
    created_ns = time.time_ns() if created_ns is None else created_ns
    name = version_name(created_ns)
    target = models_root / family / name
    part = target.with_name(f".{name}.{os.getpid()}.part")
    if target.exists():
        raise OperatorFault(f"{target}: this version is already there, and versions never change")
    try:
        part.mkdir(parents=True)
        write(part)
        files = {path.name: file_sha256(path) for path in sorted(part.iterdir())}
        write_manifest(part, manifest(Origin(FORMAT, family, name, created_ns, _libraries(), files)))
        load(part)
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


def _libraries() -> dict[str, str]:
    return {"python": platform.python_version()} | {library: version(library) for library in _LIBRARIES}


def _manifest(trained: Trained | TrainedSelector, origin: Origin) -> Manifest:
    config = trained.config
    kind, classes = (trained.kind, trained.classes) if isinstance(trained, TrainedSelector) else (trained.config.kind, ())
    return Manifest(
        **asdict(origin),
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
        classes=classes,
    )
