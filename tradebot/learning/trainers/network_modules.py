"""The networks of `serving.networks.architecture` in PyTorch: the same arrays under the same names. Import it where it is used."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tradebot.serving.networks.architecture import Architecture, sine_positions


def module_of(architecture: Architecture, dropout: float) -> nn.Module:
    """A network with fresh weights from PyTorch's generator: inputs (N, inputs) to scores (N, outputs)."""
    return (Lstm if architecture.kind == "lstm" else Attention)(architecture, dropout)


def _sequences(x: Tensor, architecture: Architecture) -> tuple[list[Tensor], Tensor]:
    """Each timeframe's (N, bars, channels), and the plain numbers (N, statics)."""
    parts, at = [], 0
    for bars, channels in architecture.sequences:
        parts.append(x[:, at : at + bars * channels].reshape(-1, bars, channels))
        at += bars * channels
    return parts, x[:, at:]


class Lstm(nn.Module):
    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        a = self.architecture = architecture
        between = dropout if a.layers > 1 else 0.0
        self.encoders = nn.ModuleList(
            nn.LSTM(channels, a.width, a.layers, batch_first=True, dropout=between) for _, channels in a.sequences
        )
        self.hidden = nn.Linear(len(a.sequences) * a.width + a.statics, a.width)
        self.drop = nn.Dropout(dropout)
        self.score = nn.Linear(a.width, a.outputs)

    def forward(self, x: Tensor) -> Tensor:
        sequences, plain = _sequences(x, self.architecture)
        last = [encoder(sequence)[0][:, -1] for encoder, sequence in zip(self.encoders, sequences, strict=True)]
        hidden = nn.functional.silu(self.hidden(self.drop(torch.cat([*last, plain], dim=1))))
        score: Tensor = self.score(self.drop(hidden))
        return score


class Attention(nn.Module):
    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        a = self.architecture = architecture
        self.inputs = nn.ModuleList(nn.Linear(channels, a.width) for _, channels in a.sequences)
        self.encoders = nn.ModuleList(_encoder(a, a.layers, dropout) for _ in a.sequences)
        self.frames = nn.Parameter(0.02 * torch.randn(a.tokens, a.width))
        if a.statics:
            self.plain = nn.Linear(a.statics, a.width)
        self.joint = _encoder(a, 1, dropout)
        self.hidden = nn.Linear(a.width, a.width)
        self.drop = nn.Dropout(dropout)
        self.score = nn.Linear(a.width, a.outputs)
        for j, (bars, _) in enumerate(a.sequences):
            self.register_buffer(f"positions{j}", torch.from_numpy(sine_positions(bars, a.width)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        sequences, plain = _sequences(x, self.architecture)
        tokens = []
        for j, sequence in enumerate(sequences):
            placed = self.inputs[j](sequence) + getattr(self, f"positions{j}")
            tokens.append(self.encoders[j](placed).mean(dim=1) + self.frames[j])
        if self.architecture.statics:
            tokens.append(self.plain(plain) + self.frames[-1])
        pooled = self.joint(torch.stack(tokens, dim=1)).mean(dim=1)
        score: Tensor = self.score(self.drop(nn.functional.silu(self.hidden(pooled))))
        return score


def _encoder(a: Architecture, layers: int, dropout: float) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(a.width, a.heads, 2 * a.width, dropout, batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(a.width), enable_nested_tensor=False)
