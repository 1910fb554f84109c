"""What a network is: its sequences, its sizes, and the arrays that make it whole.

A row of a model's features is read as one sequence for each timeframe, oldest bar first, and as numbers that stand by themselves:
    lstm        an LSTM for each sequence; the last hidden states and the plain numbers, side by side, are what is known
    attention   for each sequence a linear layer, sine positions (0 the newest bar) and blocks of self-attention, normalised first, then
                averaged; the timeframes, and the plain numbers as one more token, attend to each other once; their average is what is known
What is known goes through one layer with x logistic(x) to the score.
Sources: Hochreiter & Schmidhuber (1997); Vaswani et al. (2017); Xiong et al. (2020) for normalising first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Kind = Literal["lstm", "attention"]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a network. `sequences` are (bars, channels); `statics` numbers follow them; `outputs` is 1 or the number of classes."""

    kind: Kind
    sequences: tuple[tuple[int, int], ...]
    statics: int
    width: int
    layers: int
    heads: int
    outputs: int

    def __post_init__(self) -> None:
        whole = (self.width, self.layers, self.heads, self.outputs, *(n for pair in self.sequences for n in pair))
        if self.kind not in ("lstm", "attention") or not self.sequences or self.statics < 0 or min(whole) < 1:
            raise ValueError(f"there is no such network: {self}")
        if self.kind == "attention" and (self.width % self.heads or self.width % 2):
            raise ValueError(f"a width of {self.width} is not even or can't be shared by {self.heads} heads")

    @property
    def inputs(self) -> int:
        """Numbers that it reads of a row: the sequences one after the other, then the plain ones."""
        return sum(bars * channels for bars, channels in self.sequences) + self.statics

    @property
    def tokens(self) -> int:
        """What the last attention is over."""
        return len(self.sequences) + (self.statics > 0)

    def shapes(self) -> Shapes:
        """The arrays by the names that PyTorch gives them."""
        return _lstm_shapes(self) if self.kind == "lstm" else _attention_shapes(self)


def sine_positions(bars: int, width: int) -> Float32:
    """(bars, width): sine and cosine of each bar's age at wavelengths from 2 pi to 10,000 times that; oldest bar first."""
    age = np.arange(bars - 1, -1, -1.0)[:, None]
    angle = age / 10_000.0 ** (np.arange(0, width, 2) / width)
    return np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(bars, width).astype(np.float32)


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _lstm_shapes(a: Architecture) -> Shapes:
    out: Shapes = {}
    for j, (_, channels) in enumerate(a.sequences):
        for layer in range(a.layers):
            inputs = a.width if layer else channels
            for side, count in (("ih", inputs), ("hh", a.width)):
                out[f"encoders.{j}.weight_{side}_l{layer}"] = (4 * a.width, count)
                out[f"encoders.{j}.bias_{side}_l{layer}"] = (4 * a.width,)
    out |= _linear("hidden", len(a.sequences) * a.width + a.statics, a.width)
    return out | _linear("score", a.width, a.outputs)


def _attention_shapes(a: Architecture) -> Shapes:
    out: Shapes = {"frames": (a.tokens, a.width)}
    for j, (_, channels) in enumerate(a.sequences):
        out |= _linear(f"inputs.{j}", channels, a.width)
        for layer in range(a.layers):
            out |= _block_shapes(f"encoders.{j}.layers.{layer}", a.width)
        out |= _norm(f"encoders.{j}.norm", a.width)
    if a.statics:
        out |= _linear("plain", a.statics, a.width)
    out |= _block_shapes("joint.layers.0", a.width) | _norm("joint.norm", a.width)
    return out | _linear("hidden", a.width, a.width) | _linear("score", a.width, a.outputs)


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _block_shapes(name: str, width: int) -> Shapes:
    attention = {f"{name}.self_attn.in_proj_weight": (3 * width, width), f"{name}.self_attn.in_proj_bias": (3 * width,)}
    attention |= _linear(f"{name}.self_attn.out_proj", width, width)
    forward = _linear(f"{name}.linear1", width, 2 * width) | _linear(f"{name}.linear2", 2 * width, width)
    return attention | forward | _norm(f"{name}.norm1", width) | _norm(f"{name}.norm2", width)
