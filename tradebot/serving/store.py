"""Model folders on disk: load one that proves itself, find the latest, name the one that trades.

`models/<profile>/<version>/` never changes once it is there; `models/<profile>/CURRENT` is one line, the version that trades.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import numpy as np

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import FEATURES, schema_hash
from tradebot.serving.artefacts import forest
from tradebot.serving.artefacts.catalogue import read_artefact
from tradebot.serving.manifest import file_sha256, read_manifest
from tradebot.serving.model import StoredModel

_CURRENT: Final = "CURRENT"
_VERSION: Final = re.compile(r"^\d{8}T\d{6}\.\d{6}Z$")  # sorts by name as by time


def load_model(folder: Path) -> StoredModel:
    """The model in a folder, ready to serve (its loop is compiled). Raises OperatorFault unless manifest, files and features all match."""
    if not folder.is_dir():
        raise OperatorFault(f"{folder}: there is no such model folder; make one with: tradebot train")
    manifest = read_manifest(folder)
    if forest.FILE not in manifest.files:
        raise OperatorFault(f"{folder}: the manifest names no {forest.FILE}")
    for name, expected in manifest.files.items():
        path = folder / Path(name).name  # never outside the folder
        if not path.is_file():
            raise OperatorFault(f"{path}: the model's file is missing")
        if file_sha256(path) != expected:
            raise OperatorFault(f"{path}: the file is not the one that was trained: its hash doesn't match the manifest")
    known = {feature.name for feature in FEATURES}
    foreign = [name for name in manifest.features if name not in known]
    if foreign:
        raise OperatorFault(f"{folder}: the model reads {foreign[0]}, a feature that this program doesn't have: train again")
    if schema_hash(manifest.features) != manifest.schema_hash:
        raise OperatorFault(f"{folder}: the model was trained on other definitions of its features: train again")
    artefact = read_artefact(folder, "forest")
    if artefact.inputs != len(manifest.features):
        raise OperatorFault(f"{folder}: the model reads {artefact.inputs} features, the manifest names {len(manifest.features)}")
    if len(manifest.classes) != (0 if artefact.outputs == 1 else artefact.outputs):
        raise OperatorFault(
            f"{folder}: the model answers with {artefact.outputs} numbers, the manifest names {len(manifest.classes)} classes"
        )
    model = StoredModel(manifest.model_id, manifest.features, manifest.schema_hash, artefact, manifest.sha256, manifest.classes)
    model.predict(np.zeros((1, len(manifest.features))))  # compile, or load the compiled loop, before the first minute
    return model


def versions(models_root: Path, profile: str) -> list[Path]:
    """Complete version folders of a profile, oldest first."""
    folder = models_root / profile
    return sorted(p for p in folder.iterdir() if _VERSION.match(p.name)) if folder.is_dir() else []


def latest_model(models_root: Path, profile: str) -> Path | None:
    """The newest version of a profile, promoted or not."""
    found = versions(models_root, profile)
    return found[-1] if found else None


def current_model(models_root: Path, profile: str) -> Path | None:
    """The version that trades, None when none was promoted. Raises OperatorFault when CURRENT names one that is not there."""
    pointer = models_root / profile / _CURRENT
    try:
        version = pointer.read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorFault(f"{pointer}: can't be read ({error})") from error
    folder = models_root / profile / version
    if not _VERSION.match(version) or not folder.is_dir():
        raise OperatorFault(f"{pointer}: names version {version[:40]!r}, which is not there; train again or write another version into it")
    return folder


def promote(folder: Path) -> None:
    """Make a version the one that trades; the pointer is replaced in one step. Raises OperatorFault when the model doesn't load."""
    load_model(folder)
    pointer = folder.parent / _CURRENT
    part = pointer.with_name(f".{_CURRENT}.{os.getpid()}.part")
    try:
        part.write_text(folder.name + "\n")
        part.replace(pointer)
    except OSError as error:
        raise OperatorFault(f"{pointer}: can't be written ({error.strerror or error})") from error
