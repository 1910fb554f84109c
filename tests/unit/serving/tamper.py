"""What a user, a disk or an older program might do to a model folder, whose files can't be written to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file that is read-only."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def resign(folder: Path, **changes: object) -> None:
    """Rewrite the manifest with a hash that is right for it, as a foreign or older program would."""
    body = json.loads((folder / "manifest.json").read_text()) | changes
    rest = {k: v for k, v in body.items() if k != "sha256"}
    body["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    rewrite(folder / "manifest.json", json.dumps(body).encode())
