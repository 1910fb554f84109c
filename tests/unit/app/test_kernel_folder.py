"""Compiled kernels: a changed callee is never served from an old cache, and a first start says what it does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import tradebot
from tradebot.app.kernels import ready_kernels

LEAF = "from numba import njit\n\n@njit(cache=True)\ndef leaf(x):\n    return x + {}\n"
CALLER = "from numba import njit\nfrom tradebot.core.leaf import leaf\n\n@njit(cache=True)\ndef caller(x):\n    return 10 * leaf(x)\n"


def answer(home: Path) -> int:
    """What a fresh process computes with the package under `home`; numba is imported first, as a test file might."""
    code = "import numba, tradebot; from tradebot.core.caller import caller; print(caller(1))"
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {"PYTHONPATH": str(home), "HOME": str(home)}
    done = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=home)
    return int(done.stdout)


def test_a_kernel_sees_that_what_it_calls_has_changed(tmp_path: Path) -> None:
    package = tmp_path / "tradebot"
    (package / "core").mkdir(parents=True)
    shutil.copy(tradebot.__file__, package / "__init__.py")
    (package / "core" / "__init__.py").touch()
    (package / "core" / "caller.py").write_text(CALLER)
    (package / "core" / "leaf.py").write_text(LEAF.format(1))
    assert answer(tmp_path) == 20
    assert list((package / "__pycache__" / "kernels").glob("*/**/*.nbc")), "nothing was cached"
    (package / "core" / "leaf.py").write_text(LEAF.format(2))
    assert answer(tmp_path) == 30


def test_every_file_that_is_compiled_counts() -> None:
    """A file without a sign of numba would be left out of the hash, and its old kernels served for ever."""
    core = Path(tradebot.__file__).parent / "core"
    compiled = [
        p for p in core.rglob("*.py") if "@kernel" in p.read_text() or "@threaded_kernel" in p.read_text() or "@njit" in p.read_text()
    ]
    assert len(compiled) > 50
    for path in compiled:
        assert any(sign in path.read_bytes() for sign in tradebot._SIGNS), path


def test_the_first_start_says_that_it_compiles_and_the_next_says_nothing(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    said: list[str] = []
    ready_kernels(said.append, lambda: said.append("at work"))
    assert [line.split()[0] for line in said] == ["compiling", "at", "kernels"]
    ready_kernels(said.append, lambda: said.append("at work again"))
    assert len(said) == 3
