"""Versions on disk: one immutable folder a training, complete or absent."""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.features.catalogue import schema_hash, warm_up_bars
from tradebot.learning.code_version import code_version
from tradebot.learning.selector.training import TrainedSelector
from tradebot.learning.training import Trained
from tradebot.serving.manifest import FORMAT, AlarmRow, CodeVersion, GateRow, Manifest, file_sha256, files_below, write_manifest
from tradebot.serving.store import load_model

_LIBRARIES: Final = ("scikit-learn", "xgboost", "torch", "numpy", "numba", "safetensors")
_FILE_MODE: Final = 0o444


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found about a model before it was saved: its leak alarms, and the gate's verdict where it stood there."""

    alarms: tuple[AlarmRow, ...] = ()
    gate: GateRow | None = None


NO_FINDINGS: Final = Findings()


@dataclass(frozen=True, slots=True)
class Origin:
    """What a manifest says of when, where and with what a version was made, and of its files."""

    format: int
    profile: str
    version: str
    created_ns: int
    libraries: dict[str, str]
    code: CodeVersion
    files: dict[str, str]


def save(
    trained: Trained | TrainedSelector,
    models_root: Path,
    profile: str,
    created_ns: int | None = None,
    findings: Findings = NO_FINDINGS,
) -> Path:
    """Write `models_root/profile/<UTC time stamp>/` and return it, as `save_version` does."""
    write = trained.artefact.write
    return save_version(models_root, profile, created_ns, write, lambda about: _manifest(trained, about, findings), load_model)


def save_version(
    models_root: Path,
    family: str,
    created_ns: int | None,
    write: Callable[[Path], None],
    manifest: Callable[[Origin], Manifest],
    load: Callable[[Path], object],
) -> Path:
    """A new version folder, complete or absent: `write` its files, add the manifest, `load` it once under its temporary name.

    The files can't be written to afterwards, and are on disk when this returns. What a training that was killed left behind is removed.
    Raises OperatorFault when the folder can't be written or the version is already there.
    """
    created_ns = time.time_ns() if created_ns is None else created_ns
    name = version_name(created_ns)
    target = models_root / family / name
    part = target.with_name(f".{name}.{os.getpid()}.part")
    if target.exists():
        raise OperatorFault(f"{target}: this version is already there, and versions never change")
    try:
        remove_leftovers(target.parent)
        part.mkdir(parents=True)
        write(part)
        files = {path: file_sha256(part / path) for path in files_below(part)}
        write_manifest(part, manifest(Origin(FORMAT, family, name, created_ns, _libraries(), code_version(), files)))
        load(part)
        for path in files_below(part):
            _settle(part / path)
        part.rename(target)
    except OSError as error:
        raise OperatorFault(f"{target}: the model can't be written here ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that are no more left half written in a profile's folder."""
    for part in folder.glob(".*.part") if folder.is_dir() else ():
        pid = part.name.split(".")[-2]
        if pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    if pid == os.getpid():
        return False  # a number used again: this process has nothing half written yet
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _settle(path: Path) -> None:
    """On disk, and never written to again."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    path.chmod(_FILE_MODE)


def version_name(created_ns: int) -> str:
    """`20131011T200000.000000Z`: sorts by name as by time."""
    seconds, rest_ns = divmod(created_ns, NS_PER_S)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y%m%dT%H%M%S}.{rest_ns // 1000:06d}Z"


def origin_fields(origin: Origin) -> dict[str, Any]:
    return {f.name: getattr(origin, f.name) for f in fields(origin)}


def _libraries() -> dict[str, str]:
    return {"python": platform.python_version()} | {library: version(library) for library in _LIBRARIES}


def _manifest(trained: Trained | TrainedSelector, origin: Origin, findings: Findings) -> Manifest:
    config = trained.config
    kind = trained.kind if isinstance(trained, TrainedSelector) else trained.config.kind
    return Manifest(
        **origin_fields(origin),
        kind=kind,
        runtime=trained.artefact.runtime,
        answer=trained.artefact.answer,
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
        classes=trained.classes,
        left_out={} if isinstance(trained, TrainedSelector) else trained.left_out,
        effective_rows=0.0 if isinstance(trained, TrainedSelector) else trained.effective_rows,
        alarms=findings.alarms,
        gate=findings.gate,
    )
