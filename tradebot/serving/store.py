"""Model folders on disk: load one that proves itself, find the latest, name the one that trades.

`models/<profile>/<version>/` never changes once it is there; `models/<profile>/CURRENT` is one line, the version that trades, and
`PROMOTIONS.jsonl` beside it says which traded when, and why.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final

import numpy as np

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import FEATURES, schema_hash
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.artefacts.catalogue import read_artefact
from tradebot.serving.manifest import Manifest, read_manifest, verify_files
from tradebot.serving.model import StoredModel
from tradebot.serving.promotions import How, PromotionRow, append, history, traded_before

_CURRENT: Final = "CURRENT"
_VERSION: Final = re.compile(r"^\d{8}T\d{6}\.\d{6}Z$")  # sorts by name as by time


def load_model(folder: Path) -> StoredModel:
    """The model in a folder, ready to serve (its loop is compiled). Raises OperatorFault unless manifest, files and features all match."""
    manifest, artefact = load_artefact(folder)
    model = StoredModel(manifest.model_id, manifest.features, manifest.schema_hash, artefact, manifest.sha256, manifest.classes)
    model.predict(np.zeros((1, len(manifest.features))))  # compile, or load the compiled loop, before the first minute
    return model


def load_artefact(folder: Path) -> tuple[Manifest, Artefact]:
    """What a model folder says of itself and its numbers, every file's hash verified before it is read. Raises OperatorFault."""
    if not folder.is_dir():
        raise OperatorFault(f"{folder}: there is no such model folder; make one with: tradebot train")
    manifest = read_manifest(folder)
    verify_files(folder, manifest)
    known = {feature.name for feature in FEATURES}
    foreign = [name for name in manifest.features if name not in known]
    if foreign:
        raise OperatorFault(f"{folder}: the model reads {foreign[0]}, a feature that this program doesn't have: train again")
    if schema_hash(manifest.features) != manifest.schema_hash:
        raise OperatorFault(f"{folder}: the model was trained on other definitions of its features: train again")
    artefact = read_artefact(folder, manifest.runtime)
    outputs = f"answers with {artefact.outputs} numbers, the manifest names {len(manifest.classes)} classes"
    checks = (
        (artefact.inputs == len(manifest.features), f"reads {artefact.inputs} features, the manifest names {len(manifest.features)}"),
        (len(manifest.classes) == (0 if artefact.outputs == 1 else artefact.outputs), outputs),
        (artefact.answer == manifest.answer, f"answers with a {artefact.answer}, the manifest says {manifest.answer}"),
    )
    for holds, why in checks:
        if not holds:
            raise OperatorFault(f"{folder}: the model {why}")
    return manifest, artefact


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


def promote(folder: Path, reason: str = "", how: How = "operator") -> None:
    """Make a version the one that trades: a line in the history, then the pointer, replaced in one step.

    Raises OperatorFault when the model doesn't load and when the folder can't be written; then nothing has changed.
    """
    load_model(folder)
    pointer = folder.parent / _CURRENT
    part = pointer.with_name(f".{_CURRENT}.{os.getpid()}.part")
    try:
        part.write_text(folder.name + "\n")
        append(folder.parent, PromotionRow(time.time_ns(), folder.name, current_version(folder.parent), how, reason))
        part.replace(pointer)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OperatorFault(f"{pointer}: can't be written ({error.strerror or error})") from error


def current_version(folder: Path) -> str:
    """What CURRENT of a profile's folder names, there or not; "" when it can't be read."""
    try:
        return (folder / _CURRENT).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def roll_back(models_root: Path, profile: str, reason: str) -> Path:
    """Back to the version that traded before the one that trades; its folder. Raises OperatorFault when there is none that loads."""
    current = current_model(models_root, profile)
    if current is None:
        raise OperatorFault(f"{profile}: no version trades, so there is none to leave")
    root = models_root / profile
    before = [version for version in traded_before(history(root), current.name) if (root / version).is_dir()]
    if not before:
        raise OperatorFault(f"{profile}: no other version traded before {current.name}; name one with: tradebot models promote VERSION")
    promote(root / before[0], reason, "rollback")
    return root / before[0]
