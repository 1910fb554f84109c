"""tradebot. Importing it tells numba where this version's compiled kernels are kept.

numba notices that a kernel's own file has changed, not that a file which it calls has: a step would go on with the old formula of a
family. So the kernels of each state of the source lie in a folder of their own, named by a hash of all files that hold kernels.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_ROOMS: Final = ("core", "serving", "learning", "sim")
_SIGNS: Final = (b"njit", b"kernels.kernel import", b"intrinsic", b"numba compiles")  # a file with one of them is compiled into a kernel


def source_hash() -> str:
    """Identity of the files that hold kernels."""
    digest = hashlib.sha256()
    for path in sorted(p for room in _ROOMS for p in (_HERE / room).rglob("*.py")):
        source = path.read_bytes()
        if any(sign in source for sign in _SIGNS):
            digest.update(path.name.encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def _cache_root() -> Path:
    """Beside the program where that can be written, else the user's cache, else a private folder in /tmp."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for root, owner in ((_HERE / "__pycache__", _HERE), (user / "tradebot", user)):
        if os.access(owner, os.W_OK):
            return root / "kernels"
    return Path(tempfile.gettempdir()) / f"tradebot-kernels-{os.getuid()}"


def kernel_folder() -> Path:
    """Where this version's compiled kernels are; NUMBA_CACHE_DIR names another place."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    return Path(given) if given else _cache_root() / source_hash()


def _point_numba_there() -> None:
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    folder = kernel_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    numba_config = sys.modules.get("numba.core.config")
    if numba_config is not None:  # somebody imported numba first
        vars(numba_config)["CACHE_DIR"] = str(folder)


_point_numba_there()
