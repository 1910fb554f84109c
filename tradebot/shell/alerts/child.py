"""The process that speaks to a channel: one JSON question on stdin, one JSON answer on stdout, nothing else.

A process of its own, because a third party's sockets then can't hang, stall or fill the daemon, and a deadline is a kill. The URL comes
over stdin: neither the list of processes nor a log shows it, and what Apprise says of a failure is masked before it leaves (`masked`).
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, Final
from urllib.parse import unquote

import msgspec

NICE: Final = 10
PIECE_CHARS_MIN: Final = 4
REASON_CHARS_MAX: Final = 300
_SPLITS: Final = "/:@?&=,;+#"


class Question(msgspec.Struct, frozen=True):
    """`send` False only looks whether Apprise knows what to do with the URL."""

    url: str
    title: str = ""
    body: str = ""
    severity: str = "info"
    attachment: str = ""
    send: bool = True


class Reply(msgspec.Struct, frozen=True):
    """`fault` is empty when the channel took the message."""

    fault: str


def masked(text: str, url: str) -> str:
    """`text` without any piece of the URL behind its scheme: of a service's URL host, path and query can all be tokens."""
    _, _, rest = url.partition("://")
    pieces = {url, rest}
    for spelling in (rest, unquote(rest)):
        bare = spelling
        for character in _SPLITS:
            bare = bare.replace(character, " ")
        pieces |= {*bare.split(), *map(unquote, bare.split())}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= PIECE_CHARS_MIN:
            text = text.replace(piece, "***")
    return text


def answer(question: Question) -> Reply:
    """Ask Apprise. Its own words of a failure become one masked sentence."""
    import apprise

    said = _Said()
    logger = logging.getLogger("apprise")
    logger.handlers[:], logger.propagate = [said], False
    to = apprise.Apprise()
    if not to.add(question.url):
        return Reply("its URL is of no kind that Apprise knows, or lacks a part")
    if not question.send:
        return Reply("")
    kinds = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
    done: Any = to.notify(
        body=question.body,
        title=question.title,
        notify_type=kinds.get(question.severity, apprise.NotifyType.INFO),
        body_format=apprise.NotifyFormat.TEXT,
        attach=question.attachment or None,
    )
    if done:
        return Reply("")
    words = " ".join(" ".join(said.words).split()) or "the channel did not take the message"
    return Reply(masked(words, question.url)[:REASON_CHARS_MAX].rstrip(" ,"))


class _Said(logging.Handler):
    """Keeps Apprise's warnings and errors."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())


def main() -> None:
    os.nice(NICE)
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(answer(question)))


if __name__ == "__main__":
    main()
