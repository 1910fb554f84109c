"""The JSON beside a fetched file: feed, adjustment, source, range and hash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

FORMAT: Final = 1


class Origin(msgspec.Struct, frozen=True):
    """Where fetched bars come from. Never mixed in one folder: feeds differ in volume, adjustments in price."""

    feed: str
    adjustment: str
    source: str


class Sidecar(msgspec.Struct, frozen=True):
    """What is known of one stored file. The range asked for is `fetched_from_ns <= t <= fetched_through_ns`."""

    format: int
    symbol: str
    origin: Origin
    fetched_from_ns: int
    fetched_through_ns: int
    rows: int
    sha256: str


def read_sidecar(path: Path) -> Sidecar | None:
    """The sidecar of a Parquet file, None when there is none that can be read."""
    try:
        return msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Sidecar)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Replace the sidecar of a Parquet file in one step."""
    target = path.with_suffix(".json")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(sidecar), indent=1) + b"\n")
    part.replace(target)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
