"""Logs: JSON lines in a private file, and no secret by any way."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.logging import REDACTED, configure_logging

CANARY = "canary-7d1c"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_secret_passes_neither_as_value_nor_in_text_nor_in_a_traceback_nor_from_a_library(tmp_path: Path) -> None:
    console = StringIO()
    configure_logging(path=tmp_path / "log", secrets=[CANARY], console=console)
    log = structlog.get_logger("test")
    log.info(f"sent {CANARY}", keys={"inner": [CANARY]}, secret="unknown to the list", odd=ValueError(CANARY))
    try:
        raise ValueError(f"bad key {CANARY}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("somelibrary").exception("failed with %s", CANARY)
    written = (tmp_path / "log").read_text()
    for text in (written, console.getvalue()):
        assert CANARY not in text
        assert "unknown to the list" not in text
        assert text.count(REDACTED) >= 5
        assert "ValueError: bad key" in text
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_each_line_of_the_file_is_one_json_object(tmp_path: Path) -> None:
    configure_logging(path=tmp_path / "log", secrets=[], console=None)
    structlog.get_logger("test").warning("minute closed", symbols=4)
    logging.getLogger("somelibrary").warning("library %s", "words")
    first, second = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert (first["event"], first["symbols"], first["level"]) == ("minute closed", 4, "warning")
    assert (second["event"], second["level"]) == ("library words", "warning")


def test_a_log_that_cannot_be_written_is_the_operators(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorFault, match="cannot write the log"):
        configure_logging(path=tmp_path / "file" / "log", secrets=[])
