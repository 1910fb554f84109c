"""A network's arrays as one flat array and a plan of where each lies, as the kernels read them.

Matrices are turned (inputs, outputs), outputs padded with zeros to sixteens; biases and norms likewise. A padded output is 0 and stays 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tradebot.serving.networks.architecture import Architecture, Float32, sine_positions
from tradebot.serving.networks.floats import WIDTH

Arrays = Mapping[str, Float32]
NORM_EPSILON = 1e-5
LSTM_HEAD, ATTENTION_HEAD = 12, 20
"""Numbers of the plan before its sequences."""


class Packed(NamedTuple):
    plan: npt.NDArray[np.int64]
    weights: Float32
    scratch: int  # float32 numbers that the kernel needs for a block of rows


@dataclass
class _Shelf:
    """Arrays one after the other."""

    parts: list[Float32] = field(default_factory=list)
    end: int = 0

    def put(self, array: npt.NDArray[np.float32]) -> int:
        at = self.end
        self.parts.append(np.ascontiguousarray(array, np.float32).ravel())
        self.end += array.size
        return at

    def matrix(self, weight: Float32) -> int:
        return self.put(pad(weight.T))

    def vector(self, values: Float32) -> int:
        return self.put(pad(values))

    def all(self) -> Float32:
        return np.concatenate(self.parts)


def padded(n: int) -> int:
    """The next multiple of sixteen."""
    return -(-n // WIDTH) * WIDTH


def pad(array: Float32) -> Float32:
    """The last axis filled up with zeros to a multiple of sixteen."""
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, padded(array.shape[-1]) - array.shape[-1])])


def pad_groups(array: Float32, groups: int) -> Float32:
    """The first axis as `groups` equal parts, each filled up with zeros to a multiple of sixteen."""
    parts = array.reshape(groups, -1, *array.shape[1:])
    width = parts.shape[1]
    filled = np.pad(parts, [(0, 0), (0, padded(width) - width)] + [(0, 0)] * (parts.ndim - 2))
    return filled.reshape(groups * padded(width), *array.shape[1:])


def pack_lstm(a: Architecture, arrays: Arrays, block: int) -> Packed:
    """Plan: sequences, statics, width, padded width, layers, outputs, inputs, joined width, hidden and score layers; then the sequences."""
    shelf, hp = _Shelf(), padded(a.width)
    joined = len(a.sequences) * a.width + a.statics
    head = [len(a.sequences), a.statics, a.width, hp, a.layers, a.outputs, a.inputs, joined, *_ends(shelf, arrays)]
    assert len(head) == LSTM_HEAD
    plan, at = head, 0
    for j, (bars, channels) in enumerate(a.sequences):
        plan += [bars, channels, at]
        at += bars * channels
        for layer in range(a.layers):
            name = f"encoders.{j}.{{}}_{{}}_l{layer}"
            inner, outer = (pad_groups(arrays[name.format("weight", side)], 4) for side in ("ih", "hh"))
            bias = pad_groups(arrays[name.format("bias", "ih")] + arrays[name.format("bias", "hh")], 4)
            plan += [inner.shape[1], shelf.matrix(inner), shelf.matrix(outer), shelf.vector(bias)]
    longest = max(bars for bars, _ in a.sequences)
    scratch = block * (padded(a.inputs) + longest * 6 * hp + hp + padded(joined) + hp + padded(a.outputs))
    return Packed(np.array(plan, np.int64), shelf.all(), scratch)


def pack_attention(a: Architecture, arrays: Arrays, block: int) -> Packed:
    """Plan: sizes, the mask of what is not padding, plain token, last block and norm, hidden and score layers; then the sequences."""
    shelf, dp, each = _Shelf(), padded(a.width), a.width // a.heads
    mask = shelf.vector(np.ones(a.width, np.float32))
    plain = [0, 0]
    if a.statics:
        plain = [shelf.matrix(arrays["plain.weight"]), shelf.vector(arrays["plain.bias"] + arrays["frames"][-1])]
    joint = len(shelf.parts)
    blocks = _block(shelf, arrays, "joint.layers.0", a)
    assert joint < len(shelf.parts)
    norm = [shelf.vector(arrays["joint.norm.weight"]), shelf.vector(arrays["joint.norm.bias"])]
    sizes = [len(a.sequences), a.statics, a.width, dp, a.heads, each, padded(each), a.layers, a.outputs, a.inputs, a.tokens, mask]
    plan = [*sizes, *plain, *norm, *_ends(shelf, arrays)]
    assert len(plan) == ATTENTION_HEAD
    plan += blocks
    at = 0
    for j, (bars, channels) in enumerate(a.sequences):
        positions = arrays[f"inputs.{j}.bias"] + sine_positions(bars, a.width)
        plan += [bars, channels, at, shelf.matrix(arrays[f"inputs.{j}.weight"]), shelf.put(pad(positions))]
        at += bars * channels
        plan += [shelf.vector(arrays[f"encoders.{j}.norm.weight"]), shelf.vector(arrays[f"encoders.{j}.norm.bias"])]
        plan += [shelf.vector(arrays["frames"][j])]
        for layer in range(a.layers):
            plan += _block(shelf, arrays, f"encoders.{j}.layers.{layer}", a)
    longest = max(a.tokens, *(bars for bars, _ in a.sequences))
    hd, lp = a.heads * padded(each), padded(longest)
    tokens = block * longest * (2 * dp + 4 * hd + padded(2 * a.width))
    scratch = block * (padded(a.inputs) + a.tokens * dp + 2 * dp + padded(a.outputs)) + tokens + (each + longest) * lp
    return Packed(np.array(plan, np.int64), shelf.all(), scratch)


def _ends(shelf: _Shelf, arrays: Arrays) -> list[int]:
    """Where the hidden and the score layer lie: weight, bias, weight, bias."""
    return [place for name in ("hidden", "score") for place in _place(shelf, arrays, name)]


def _place(shelf: _Shelf, arrays: Arrays, name: str) -> list[int]:
    return [shelf.matrix(arrays[f"{name}.weight"]), shelf.vector(arrays[f"{name}.bias"])]


def _block(shelf: _Shelf, arrays: Arrays, name: str, a: Architecture) -> list[int]:
    """Twelve places: norm, query-key-value, out, norm, and the two layers of the forward part; weight and bias each.

    Each head's part is padded by itself, and the queries carry the scale 1 / sqrt(width of a head).
    """
    each = a.width // a.heads
    scale = np.ones((3 * a.width,), np.float32)
    scale[: a.width] = 1.0 / np.sqrt(each)
    weight, bias = arrays[f"{name}.self_attn.in_proj_weight"] * scale[:, None], arrays[f"{name}.self_attn.in_proj_bias"] * scale
    out = pad_groups(np.ascontiguousarray(arrays[f"{name}.self_attn.out_proj.weight"].T), a.heads)
    return [
        *_norm(shelf, arrays, f"{name}.norm1"),
        shelf.matrix(pad_groups(weight, 3 * a.heads)), shelf.vector(pad_groups(bias, 3 * a.heads)),
        shelf.put(pad(out)), shelf.vector(arrays[f"{name}.self_attn.out_proj.bias"]),
        *_norm(shelf, arrays, f"{name}.norm2"),
        *_place(shelf, arrays, f"{name}.linear1"), *_place(shelf, arrays, f"{name}.linear2"),
    ]  # fmt: skip


def _norm(shelf: _Shelf, arrays: Arrays, name: str) -> list[int]:
    return [shelf.vector(arrays[f"{name}.weight"]), shelf.vector(arrays[f"{name}.bias"])]
