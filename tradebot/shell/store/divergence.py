"""Two bodies of one kind: where they part first, in words."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

TEXT_MAX: Final = 200


def shown(body: bytes) -> str:
    """A body as a person reads it."""
    return _text(msgspec.msgpack.decode(body))


def first_difference(recorded: bytes, derived: bytes) -> tuple[str, str, str]:
    """The field (`decision.features[3, 7]`), the recorded and the derived value. Bodies that differ in no value differ in their bytes."""
    found = _walk(msgspec.msgpack.decode(recorded), msgspec.msgpack.decode(derived), "")
    return found or ("bytes", recorded[:32].hex(), derived[:32].hex())


def _walk(a: Any, b: Any, path: str) -> tuple[str, str, str] | None:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(k for k in b if k not in a)]:
            if key not in a or key not in b:
                return f"{path}.{key}".lstrip("."), _text(a.get(key, "nothing")), _text(b.get(key, "nothing"))
            found = _walk(a[key], b[key], f"{path}.{key}".lstrip("."))
            if found is not None:
                return found
        return None
    if _is_array(a) and _is_array(b):
        return _walk_arrays(a, b, path)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for n, (left, right) in enumerate(zip(a, b, strict=True)):
            found = _walk(left, right, f"{path}[{n}]")
            if found is not None:
                return found
        return None
    same = type(a) is type(b) and (a == b or (isinstance(a, float) and np.float64(a).tobytes() == np.float64(b).tobytes()))
    return None if same else (path, _text(a), _text(b))


def _walk_arrays(a: list[Any], b: list[Any], path: str) -> tuple[str, str, str] | None:
    """Arrays as `encode_hook` writes them: equal bit for bit, NaN included."""
    if a[:2] != b[:2]:
        return f"{path}.shape", f"{a[0]} {a[1]}", f"{b[0]} {b[1]}"
    left, right = (np.frombuffer(x[2], np.dtype(x[0])) for x in (a, b))
    width = left.dtype.itemsize
    unequal = np.flatnonzero((left.view(np.uint8).reshape(-1, width) != right.view(np.uint8).reshape(-1, width)).any(axis=1))
    if not unequal.size:
        return None
    place = ", ".join(str(int(i)) for i in np.unravel_index(unequal[0], a[1]))
    return f"{path}[{place}]", repr(left[unequal[0]].item()), repr(right[unequal[0]].item())


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str) and isinstance(value[2], bytes)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 3] + "..."
