"""Where each feature comes from: its inputs, its version, and the hash of the code that computes it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import msgspec

from tradebot.core import features, kernels
from tradebot.core.features.catalogue import FEATURES, family_of, schema_hash

HASH_CHARACTERS: Final = 16


class Lineage(msgspec.Struct, frozen=True):
    """One feature. `code` is the hash of its family's file."""

    name: str
    version: int
    inputs: tuple[str, ...]
    family: str
    code: str


def all_features() -> tuple[str, ...]:
    """Names of the whole catalogue, in its order."""
    return tuple(f.name for f in FEATURES)


@cache
def catalogue_hash() -> str:
    """Schema hash of the whole catalogue."""
    return schema_hash(all_features())


@cache
def code_hash() -> str:
    """Of every file that a feature's value may depend on: families, catalogue, input rows, kernels."""
    digest = hashlib.sha256()
    for room in (features, kernels):
        for path in sorted(Path(room.__path__[0]).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:HASH_CHARACTERS]


@cache
def lineage() -> tuple[Lineage, ...]:
    """Of every feature, in the catalogue's order."""
    code = {family: _file_hash(str(module.__file__)) for family, module in families().items()}
    return tuple(Lineage(f.name, f.version, f.inputs, family, code[family]) for f in FEATURES if (family := family_of(f.name)))


@cache
def families() -> dict[str, ModuleType]:
    """Every family's module by its name, in the catalogue's order."""
    names = dict.fromkeys(family_of(f.name) for f in FEATURES)
    return {name: import_module(f"{features.__name__}.{name}") for name in names}


def _file_hash(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:HASH_CHARACTERS]
