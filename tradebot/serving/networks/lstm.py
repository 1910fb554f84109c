"""The LSTM network, row by row in blocks. Gates are PyTorch's, in its order: input, forget, cell, output.

    i, f, o = logistic(x W + h U + b);  g = tanh(...);  c = f c + i g;  h = o tanh(c)

The inputs' part of the gates is one product for the whole sequence; the hidden part is one for each step, over the rows of the block.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel, threaded_kernel
from tradebot.serving.networks.dense import accumulate, logistic16, spread, swish, tanh16
from tradebot.serving.networks.floats import WIDTH, fused, load, store, times
from tradebot.serving.networks.packing import LSTM_HEAD
from tradebot.serving.networks.reading import read, write

BLOCK = 8
_HEAD = LSTM_HEAD


@threaded_kernel
def lstm_scores(
    rows: np.ndarray, columns: np.ndarray, mean: np.ndarray, scale: np.ndarray, plan: np.ndarray, w: np.ndarray, z: np.ndarray,
    out: np.ndarray, first: int, end: int,
) -> None:  # fmt: skip
    """Scores `out` (N, outputs) of `rows` (N, F), from `first` to `end`. `z` is scratch for a block."""
    inputs_step, joined_step = _padded(plan[6]), _padded(plan[7])
    hp = plan[3]
    longest = 0
    place = _HEAD
    for _ in range(plan[0]):
        longest = max(longest, plan[place])
        place += 3 + 4 * plan[4]
    gates = BLOCK * inputs_step
    hidden_a = gates + BLOCK * longest * 4 * hp
    hidden_b = hidden_a + BLOCK * longest * hp
    cell = hidden_b + BLOCK * longest * hp
    joined = cell + BLOCK * hp
    layer = joined + BLOCK * joined_step
    scores = layer + BLOCK * hp
    for start in range(first, end, BLOCK):
        count = min(BLOCK, end - start)
        read(rows, start, count, columns, mean, scale, z, inputs_step)
        place = _HEAD
        for j in range(plan[0]):
            bars, x_bar, x, x_row = plan[place], plan[place + 1], plan[place + 2], inputs_step
            place += 3
            ours, theirs = hidden_a, hidden_b
            for _ in range(plan[4]):
                _sequence(z, x, x_bar, x_row, count, bars, plan, place, w, gates, ours, cell)
                x, x_bar, x_row = ours, hp, bars * hp
                ours, theirs = theirs, ours
                place += 4
            for m in range(count):
                for i in range(plan[2]):
                    z[joined + m * joined_step + j * plan[2] + i] = z[x + m * x_row + (bars - 1) * hp + i]
        for m in range(count):
            for i in range(plan[1]):
                z[joined + m * joined_step + plan[0] * plan[2] + i] = z[m * inputs_step + plan[6] - plan[1] + i]
        spread(w, plan[9], hp, z, layer, count, hp)
        accumulate(z, joined, joined_step, count, plan[7], w, plan[8], hp, hp, layer, hp)
        swish(z, layer, count * hp)
        score_step = _padded(plan[5])
        spread(w, plan[11], score_step, z, scores, count, score_step)
        accumulate(z, layer, hp, count, plan[2], w, plan[10], score_step, score_step, scores, score_step)
        write(rows, start, count, z, scores, score_step, out)


@kernel
def _padded(n: int) -> int:
    return (n + WIDTH - 1) // WIDTH * WIDTH


@kernel
def _sequence(
    z: np.ndarray, x: int, x_bar: int, x_row: int, count: int, bars: int, plan: np.ndarray, place: int, w: np.ndarray, gates: int,
    hidden: int, cell: int,
) -> None:  # fmt: skip
    """One layer over one sequence of `count` rows: hidden states (count, bars, hp) to `z[hidden:]`."""
    width, hp = plan[2], plan[3]
    inputs, inner, outer, bias = plan[place], plan[place + 1], plan[place + 2], plan[place + 3]
    four = 4 * hp
    spread(w, bias, four, z, gates, count * bars, four)
    for m in range(count):
        accumulate(z, x + m * x_row, x_bar, bars, inputs, w, inner, four, four, gates + m * bars * four, four)
    for i in range(cell, cell + count * hp):
        z[i] = 0.0
    for t in range(bars):
        if t > 0:
            accumulate(z, hidden + (t - 1) * hp, bars * hp, count, width, w, outer, four, four, gates + t * four, bars * four)
        for m in range(count):
            at, to, kept = gates + (m * bars + t) * four, hidden + (m * bars + t) * hp, cell + m * hp
            for i in range(0, hp, WIDTH):
                let_in, forget = logistic16(load(z, at + i)), logistic16(load(z, at + hp + i))
                fresh, let_out = tanh16(load(z, at + 2 * hp + i)), logistic16(load(z, at + 3 * hp + i))
                c = fused(forget, load(z, kept + i), times(let_in, fresh))
                store(z, kept + i, c)
                store(z, to + i, times(let_out, tanh16(c)))
