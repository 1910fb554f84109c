"""What a model says of itself, in one JSON file that carries its own hash.

`sha256` is over the canonical JSON (sorted keys, no spaces) of everything else, so a manifest that was changed by hand doesn't load.
A hash proves that files are whole and belong together; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer

FORMAT: Final = 2
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


class CodeVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What program made a model. `commit` is "" where git doesn't know; the hash is over the package's whole source."""

    version: str
    commit: str
    source_sha256: str


class AlarmRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One leak alarm: it rang when `figure` lay beyond `bound`; `sentence` says what that means."""

    name: str
    rang: bool
    figure: float | None
    bound: float | None
    sentence: str


class GateRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the gate said of a model before it was saved. The history of promotions says what became of it."""

    promote: bool
    reason: str
    figures: dict[str, float | str | None]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that is known of one model version.

    `runtime` is what serves it (`serving.artefacts.catalogue.READERS`), `answer` what its numbers are, `classes` the names of its columns
    where it answers over classes. `files` are the hashes of all files by their path below the folder. `gate` None: it never stood there.
    """

    format: int
    profile: str
    version: str
    created_ns: int
    kind: str
    runtime: str
    answer: Answer
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
    code: CodeVersion
    files: dict[str, str]
    classes: tuple[str, ...] = ()
    left_out: dict[str, int] = {}  # bars that became no row, by reason
    effective_rows: float = 0.0  # what the rows are worth where their labels overlap
    alarms: tuple[AlarmRow, ...] = ()
    gate: GateRow | None = None
    sha256: str = ""

    @property
    def model_id(self) -> str:
        return f"{self.profile}/{self.version}"

    @property
    def data_sha256(self) -> str:
        """Identity of all bars that went in."""
        return hashlib.sha256("\n".join(f"{s} {d.sha256}" for s, d in sorted(self.data.items())).encode()).hexdigest()


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
        who = f"manifest format {body.get('format')} is not {FORMAT}: another version of tradebot wrote this model"
        raise OperatorFault(f"{path}: {who}; train again with: tradebot train")
    try:
        return msgspec.convert(body, Manifest)
    except msgspec.ValidationError as error:
        raise OperatorFault(f"{path}: the manifest is not one of ours ({error})") from error


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Hold the folder against the manifest: every file named is there with its hash, and no other is. Raises OperatorFault."""
    for name, expected in manifest.files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise OperatorFault(f"{folder}: the manifest names {name[:80]!r}, a file outside the folder")
        path = folder / name
        if not path.is_file():
            raise OperatorFault(f"{path}: the model's file is missing")
        if file_sha256(path) != expected:
            raise OperatorFault(f"{path}: the file is not the one that was trained: its hash doesn't match the manifest")
    foreign = sorted(set(files_below(folder)) - set(manifest.files) - {FILE})
    if foreign:
        raise OperatorFault(f"{folder / foreign[0]}: this file was put into the folder after training; take it out, versions never change")


def files_below(folder: Path) -> list[str]:
    """Paths of all files below a folder, with slashes, in order of name."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(body: dict[str, Any]) -> str:
    rest = {key: value for key, value in body.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
