"""Networks as ONNX operators: the standardised row cut into its sequences, encoders, and the layers that join them."""

from __future__ import annotations

import numpy as np

from tradebot.learning.export.graph import Graph
from tradebot.serving.artefacts.network import NetworkArtefact
from tradebot.serving.networks.architecture import Architecture, Float32, sine_positions
from tradebot.serving.networks.packing import NORM_EPSILON
from tradebot.serving.networks.reading import CLIP

_ONNX_GATES = (0, 3, 1, 2)
"""PyTorch's gates are input, forget, cell, output; ONNX's are input, output, forget, cell."""


def network(artefact: NetworkArtefact, graph: Graph, rows: str) -> str:
    """Rows (N, F) to answers (N, C)."""
    reading, a = artefact.reading, artefact.architecture
    read = graph.columns(rows, reading.columns)
    scaled = graph.add("Div", graph.add("Sub", read, graph.constant(reading.mean)), graph.constant(reading.scale))
    clipped = graph.add("Min", graph.add("Max", scaled, graph.number(-CLIP)), graph.number(CLIP))
    layers = _Layers(graph, artefact.arrays)
    known = (_lstm if a.kind == "lstm" else _attention)(a, layers, graph.single(clipped))
    scores = graph.double(layers.linear("score", layers.swish(layers.linear("hidden", known))))
    scores = graph.add("Add", scores, graph.void(rows, np.float64))
    match artefact.answer:
        case "classes":
            return graph.add("Softmax", scores, axis=1)
        case "position":
            return graph.add("Tanh", graph.add("Add", scores, graph.number(artefact.shift)))
        case _:
            return graph.add("Sigmoid", scores)


class _Layers:
    """Layers over arrays by PyTorch's names, the last axis the numbers of a token."""

    def __init__(self, graph: Graph, arrays: dict[str, Float32]) -> None:
        self.graph = graph
        self.arrays = arrays

    def product(self, x: str, weight: Float32, bias: Float32) -> str:
        """x W^T + b."""
        turned = self.graph.constant(np.ascontiguousarray(weight.T))
        return self.graph.add("Add", self.graph.add("MatMul", x, turned), self.graph.constant(bias))

    def linear(self, name: str, x: str) -> str:
        return self.product(x, self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"])

    def norm(self, name: str, x: str) -> str:
        scale, bias = (self.graph.constant(self.arrays[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.graph.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=NORM_EPSILON)

    def swish(self, x: str) -> str:
        return self.graph.add("Mul", x, self.graph.add("Sigmoid", x))

    def block(self, name: str, x: str, heads: int) -> str:
        """Self-attention and the forward part over tokens (N, T, D), each normalised first and added."""
        add = self.graph.add

        def shape(*sizes: int) -> str:
            return self.graph.constant(np.array(sizes, np.int64))

        weight, bias = self.arrays[f"{name}.self_attn.in_proj_weight"], self.arrays[f"{name}.self_attn.in_proj_bias"]
        width = weight.shape[1]
        each = width // heads
        normed = self.norm(f"{name}.norm1", x)
        parts = []
        for i in range(3):
            part = self.product(normed, weight[i * width : (i + 1) * width], bias[i * width : (i + 1) * width])
            parts.append(add("Transpose", add("Reshape", part, shape(0, 0, heads, each)), perm=[0, 2, 1, 3]))  # (N, H, T, E)
        query, key, value = parts
        scaled = add("Mul", query, self.graph.constant(np.array([1.0 / np.sqrt(each)], np.float32)))
        weights = add("Softmax", add("MatMul", scaled, add("Transpose", key, perm=[0, 1, 3, 2])), axis=3)
        joined = add("Transpose", add("MatMul", weights, value), perm=[0, 2, 1, 3])
        context = self.linear(f"{name}.self_attn.out_proj", add("Reshape", joined, shape(0, 0, width)))
        x = add("Add", x, context)
        forward = add("Relu", self.linear(f"{name}.linear1", self.norm(f"{name}.norm2", x)))
        return add("Add", x, self.linear(f"{name}.linear2", forward))

    def average(self, x: str) -> str:
        """(N, T, D) -> (N, D)."""
        return self.graph.add("ReduceMean", x, axes=[1], keepdims=0)


def _sequences(a: Architecture, graph: Graph, x: str) -> tuple[list[str], str | None]:
    """(N, bars, channels) of each timeframe, and the plain numbers (N, statics) where there are any."""
    parts, at = [], 0
    for bars, channels in a.sequences:
        part = graph.columns(x, np.arange(at, at + bars * channels))
        parts.append(graph.add("Reshape", part, graph.constant(np.array([-1, bars, channels]))))
        at += bars * channels
    return parts, graph.columns(x, np.arange(at, at + a.statics)) if a.statics else None


def _lstm(a: Architecture, layers: _Layers, x: str) -> str:
    graph = layers.graph
    sequences, plain = _sequences(a, graph, x)
    last = []
    for j, sequence in enumerate(sequences):
        over_time = graph.add("Transpose", sequence, perm=[1, 0, 2])  # (T, N, C)
        for layer in range(a.layers):
            name = f"encoders.{j}.{{}}_{{}}_l{layer}"
            inner, outer = (_gates(layers.arrays[name.format("weight", side)])[None] for side in ("ih", "hh"))
            biases = np.concatenate([_gates(layers.arrays[name.format("bias", side)]) for side in ("ih", "hh")])[None]
            hidden = graph.add("LSTM", over_time, *(graph.constant(w) for w in (inner, outer, biases)), hidden_size=a.width)
            over_time = graph.add("Squeeze", hidden, graph.constant(np.array([1])))  # (T, 1, N, D) -> (T, N, D)
        last.append(graph.add("Gather", over_time, graph.constant(np.array(a.sequences[j][0] - 1)), axis=0))
    return graph.add("Concat", *last, *([plain] if plain else []), axis=1)


def _gates(array: Float32) -> Float32:
    """(4 D, ...) in ONNX's order of gates."""
    return np.ascontiguousarray(np.concatenate([np.split(array, 4)[gate] for gate in _ONNX_GATES]))


def _attention(a: Architecture, layers: _Layers, x: str) -> str:
    graph, frames = layers.graph, layers.arrays["frames"]
    sequences, plain = _sequences(a, graph, x)
    tokens = []

    def token(known: str, frame: int) -> None:
        framed = graph.add("Add", known, graph.constant(frames[frame]))
        tokens.append(graph.add("Unsqueeze", framed, graph.constant(np.array([1]))))

    for j, sequence in enumerate(sequences):
        placed = graph.add("Add", layers.linear(f"inputs.{j}", sequence), graph.constant(sine_positions(a.sequences[j][0], a.width)))
        for layer in range(a.layers):
            placed = layers.block(f"encoders.{j}.layers.{layer}", placed, a.heads)
        token(layers.average(layers.norm(f"encoders.{j}.norm", placed)), j)
    if plain:
        token(layers.linear("plain", plain), len(frames) - 1)
    together = layers.block("joint.layers.0", graph.add("Concat", *tokens, axis=1), a.heads)
    return layers.average(layers.norm("joint.norm", together))
