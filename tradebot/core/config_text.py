"""An engine's configuration as text for the journal, and back: a replay decides by the configuration that was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tradebot.core.config import EngineConfig
from tradebot.core.domain.faults import OperatorFault


def config_text(config: EngineConfig) -> str:
    """Canonical JSON: equal configurations give equal texts."""
    return msgspec.json.encode(config, order="deterministic").decode()


def config_from_text(text: str) -> EngineConfig:
    """The inverse; a key that this version adds has its default. Raises OperatorFault on what this version cannot read."""
    try:
        return msgspec.json.decode(text, type=EngineConfig)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise OperatorFault(f"the recorded configuration cannot be read by this program: {error}") from error


def changes(before: str, after: str) -> list[str]:
    """What differs between two texts, a line for each key: `limits.order_usd_max: 500 -> 600`."""
    old, new = dict(_leaves(msgspec.json.decode(before), "")), dict(_leaves(msgspec.json.decode(after), ""))
    return [
        f"{key}: {old.get(key, 'none')} -> {new.get(key, 'none')}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _leaves(part: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, dict) and part:
        for key, value in part.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, msgspec.json.encode(part).decode()
