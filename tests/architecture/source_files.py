"""The project's own Python files, parsed once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tradebot", "tests", "scripts")


@dataclass(frozen=True)
class SourceFile:
    """One file: `path` is relative to the repository root, with forward slashes."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def within(self, *folders: str) -> bool:
        return any(self.path == folder or self.path.startswith(f"{folder}/") for folder in folders)


def parse(path: str, text: str) -> SourceFile:
    return SourceFile(path, text, ast.parse(text, path))


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every *.py file under FOLDERS and every Python script without a suffix in scripts/."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts]
    paths += [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix and _is_python(path)]
    return tuple(parse(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in sorted(paths))


def _is_python(path: Path) -> bool:
    return "python" in path.read_bytes()[:80].split(b"\n", 1)[0].decode("utf-8", "replace")
