"""`journal`: whether every record is as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import load_settings, read_environment


def journal_url(profile: str, path: Path | None) -> str:
    """The profile's own journal, or the SQLite file that a person names. Raises OperatorFault when that is no file."""
    if path is None:
        return load_settings(profile, read_environment()).journal_url
    if not path.is_file():
        raise OperatorFault(f"there is no journal {path}")
    return f"sqlite:///{path.resolve()}"


def verify_journal(profile: str, *, path: Path | None = None) -> dict[str, Any]:
    """Check the whole hash chain. Raises OperatorFault that names the first record that is not as it was written."""
    from tradebot.shell.store import reads

    return {"profile": profile if path is None else ""} | reads.verify(journal_url(profile, path))
