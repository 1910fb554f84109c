"""What code made a model: the commit where there is one, and a hash of the package's source, which also knows uncommitted changes."""

from __future__ import annotations

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tradebot.serving.manifest import CodeVersion

_PACKAGE: Final = Path(__file__).parents[1]
_GIT_S_MAX: Final = 5.0


def code_version() -> CodeVersion:
    """Of the program that runs."""
    return CodeVersion(version("tradebot"), commit_of(_PACKAGE), source_sha256(_PACKAGE))


def source_sha256(folder: Path) -> str:
    """Over the path and content of every Python file below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()


def commit_of(folder: Path) -> str:
    """The commit that is checked out, "" where git doesn't track the folder or isn't there."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD", "HEAD:./"],  # the second: fails where another project's git lies above us
            capture_output=True, text=True, timeout=_GIT_S_MAX, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.split()[0] if answer.returncode == 0 else ""
