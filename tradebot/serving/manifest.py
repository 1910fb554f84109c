"""What a model says of itself, in one JSON file that carries its own hash.

`sha256` is over the canonical JSON (sorted keys, no spaces) of everything else, so a manifest that was changed by hand doesn't load.
A hash proves that files are whole and belong together; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from tradebot.core.domain.faults import OperatorFault

FORMAT: Final = 1
FILE: Final = "manifest.json"


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of a part of the data: minutes `first_ns` to `last_ns`, both included."""

    first_ns: int
    last_ns: int
    rows: int


class SymbolData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol's bars that went in, with the hash of their columns."""

    first_ns: int
    last_ns: int
    bars: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that is known of one model version. `classes` names the columns of a forest over classes, in order."""

    format: int
    profile: str
    version: str
    created_ns: int
    kind: str
    label: str
    label_parameters: dict[str, float]
    features: tuple[str, ...]
    schema_hash: str
    warm_up_bars: int
    data: dict[str, SymbolData]
    train: Span
    test: Span
    embargo_sessions: int
    seed: int
    training: dict[str, Any]
    metrics: dict[str, Any]
    libraries: dict[str, str]
    files: dict[str, str]  # name -> sha256
    classes: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def model_id(self) -> str:
        return f"{self.profile}/{self.version}"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with its own hash filled in."""
    body = msgspec.to_builtins(manifest)
    body["sha256"] = _digest(body)
    (folder / FILE).write_text(json.dumps(body, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder, hash and shape verified. Raises OperatorFault."""
    path = folder / FILE
    try:
        body = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise OperatorFault(f"{folder}: this is no model: it has no {FILE}") from None
    except (OSError, ValueError) as error:
        raise OperatorFault(f"{path}: the manifest can't be read ({error})") from error
    if not isinstance(body, dict) or body.get("sha256") != _digest(body):
        raise OperatorFault(f"{path}: the manifest was changed after training: its hash doesn't match; train again or restore the folder")
    if body.get("format") != FORMAT:
        raise OperatorFault(f"{path}: manifest format {body.get('format')} is not {FORMAT}: another version of tradebot wrote this model")
    try:
        return msgspec.convert(body, Manifest)
    except msgspec.ValidationError as error:
        raise OperatorFault(f"{path}: the manifest is not one of ours ({error})") from error


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(body: dict[str, Any]) -> str:
    rest = {key: value for key, value in body.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
