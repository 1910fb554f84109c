"""Universal Binary JSON (ubjson.org, draft 12) as XGBoost writes it, read without XGBoost.

Numbers, words, strings, lists and objects, and nothing else. A typed list of numbers becomes an array of its type, so a model of a
million nodes is read without making a million objects.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np

_NUMBERS: Final = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_WORDS: Final = {b"Z": None, b"T": True, b"F": False}
_DEEPEST: Final = 32


def read_ubj(data: bytes) -> Any:
    """The document in `data`, all of it. Raises ValueError with one sentence for anything else."""
    reader = _Reader(data)
    try:
        document = reader.value(reader.take(1), 0)
    except (struct.error, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(f"no UBJ at byte {reader.at} ({error})") from None
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes follow the UBJ document")
    return document


class _Reader:
    """A place in the bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ValueError(f"the UBJ ends at byte {len(self.data)}, inside a value")
        self.at += count
        return self.data[self.at - count : self.at]

    def value(self, marker: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError(f"the UBJ is nested deeper than {_DEEPEST}")
        if marker in _NUMBERS:
            return self._number(marker)
        if marker in _WORDS:
            return _WORDS[marker]
        if marker == b"S":
            return self._string()
        if marker == b"[":
            return self._list(depth)
        if marker == b"{":
            return self._object(depth)
        raise ValueError(f"{marker!r} at byte {self.at - 1} begins no UBJ value")

    def _number(self, marker: bytes) -> int | float:
        kind = np.dtype(_NUMBERS[marker])
        number: int | float = np.frombuffer(self.take(kind.itemsize), kind)[0].item()
        return number

    def _length(self) -> int:
        marker = self.take(1)
        count = self._number(marker) if marker in _NUMBERS else -1
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"a UBJ length at byte {self.at} is no count")
        return count

    def _string(self) -> str:
        return self.take(self._length()).decode()

    def _list(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            kind, sign = self.take(1), self.take(1)
            if kind not in _NUMBERS or sign != b"#":
                raise ValueError(f"the UBJ list at byte {self.at} is typed as none of ours")
            dtype = np.dtype(_NUMBERS[kind])
            count = self._length()
            return np.frombuffer(self.take(count * dtype.itemsize), dtype).astype(dtype.newbyteorder("="))
        if marker == b"#":
            return [self.value(self.take(1), depth + 1) for _ in range(self._length())]
        items = []
        while marker != b"]":
            items.append(self.value(marker, depth + 1))
            marker = self.take(1)
        return items

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (marker := self.take(1)) != b"}":
            self.at -= 1
            if marker not in _NUMBERS:
                raise ValueError(f"{marker!r} at byte {self.at} begins no UBJ key")
            key = self._string()
            found[key] = self.value(self.take(1), depth + 1)
        return found
