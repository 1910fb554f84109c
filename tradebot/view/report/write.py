"""Writing a report: the whole page or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from tradebot.view.report.content import ReportInput
from tradebot.view.report.page import page


def write_report(path: Path, content: ReportInput) -> Path:
    """Write the HTML page to `path`, whose folder is made if it is missing. A page that is there is replaced at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(page(content), encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
