"""Structured logs: JSON lines to a private file, or readable lines to the console; no secret ever passes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from tradebot.core.domain.faults import OperatorFault

REDACTED: Final = "[redacted]"
SECRET_CHARS_MIN: Final = 4  # a made-up key of a simulated account may be one letter, and blanking that hides the log, not the key
SECRET_NAMES: Final = frozenset({"secret", "secret_key", "password", "token", "authorization", "apca-api-secret-key", "apca-api-key-id"})
CHATTY: Final = ("httpx", "httpcore", "websockets", "apscheduler", "uvicorn", "asyncio")


def redaction(secrets: Iterable[str]) -> Processor:
    """A processor that blanks out known secrets wherever they stand, and values whose name says that they are secret."""
    known = sorted((s for s in secrets if len(s) >= SECRET_CHARS_MIN), key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: REDACTED if str(k).lower() in SECRET_NAMES else clean(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item) for item in value]
        if isinstance(value, bool | int | float | None):
            return value
        text = value if isinstance(value, str) else repr(value)
        for secret in known:
            text = text.replace(secret, REDACTED)
        return text

    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        cleaned: EventDict = clean(dict(event))
        return cleaned

    return redact


def configure_logging(*, path: Path | None, secrets: Iterable[str], console: TextIO | None = sys.stderr, as_json: bool = False) -> None:
    """Send all logs of this process to a file (JSON lines, mode 0600) and/or the console. Standard library loggers go the same way.

    Raises OperatorFault when the file cannot be written.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redaction(secrets),
    ]
    sinks: list[logging.Handler] = []
    if path is not None:
        sinks.append(_sink(_private_stream(path), shared, structlog.processors.JSONRenderer()))
    if console is not None:
        renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=console.isatty())
        sinks.append(_sink(console, shared, renderer))
    root = logging.getLogger()
    root.handlers[:] = sinks
    root.setLevel(logging.INFO)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _sink(stream: TextIO, shared: list[Processor], renderer: Processor) -> logging.Handler:
    sink = logging.StreamHandler(stream)
    sink.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[*shared, structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[],
        )
    )
    return sink


def _private_stream(path: Path) -> TextIO:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a", encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        raise OperatorFault(f"cannot write the log {path}: {error.strerror}") from error
    return stream
