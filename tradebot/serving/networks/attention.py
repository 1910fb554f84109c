"""The attention network, row by row in blocks. A block of it is PyTorch's `TransformerEncoderLayer`, normalised first:

    x += softmax(q k') v out;  x += max(0, n W1 + b1) W2 + b2;      q, k, v and n from x less its mean over its spread, times a weight

Products over all bars of all rows of a block are one; softmax goes row by row, over padding that weighs nothing.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.kernels.kernel import kernel, threaded_kernel
from tradebot.serving.networks.dense import accumulate, exp16, rectify, spread, swish
from tradebot.serving.networks.floats import WIDTH, fused, highest, larger, load, minus, over, plus, repeated, store, times, total
from tradebot.serving.networks.packing import ATTENTION_HEAD, NORM_EPSILON
from tradebot.serving.networks.reading import read, write

BLOCK = 4
_HEAD = ATTENTION_HEAD
_PLACES = 12  # of a block in the plan
_F = np.float32
_NOWHERE = np.float32(-1e30)


@threaded_kernel
def attention_scores(
    rows: np.ndarray, columns: np.ndarray, mean: np.ndarray, scale: np.ndarray, plan: np.ndarray, w: np.ndarray, z: np.ndarray,
    out: np.ndarray, first: int, end: int,
) -> None:  # fmt: skip
    """Scores `out` (N, outputs) of `rows` (N, F), from `first` to `end`. `z` is scratch for a block."""
    dp, tokens = plan[3], plan[10]
    inputs_step, score_step = _padded(plan[9]), _padded(plan[8])
    together = BLOCK * inputs_step
    pooled = together + BLOCK * tokens * dp
    layer = pooled + BLOCK * dp
    scores = layer + BLOCK * dp
    work = scores + BLOCK * score_step
    for start in range(first, end, BLOCK):
        count = min(BLOCK, end - start)
        read(rows, start, count, columns, mean, scale, z, inputs_step)
        place = _HEAD + _PLACES
        for j in range(plan[0]):
            bars, channels, at = plan[place], plan[place + 1], plan[place + 2]
            for m in range(count):
                for t in range(bars):
                    _copy(w, plan[place + 4] + t * dp, z, work + (m * bars + t) * dp, dp)
                accumulate(z, m * inputs_step + at, channels, bars, channels, w, plan[place + 3], dp, dp, work + m * bars * dp, dp)
            norm, bias, frame = plan[place + 5], plan[place + 6], plan[place + 7]
            place += 8
            for _ in range(plan[7]):
                _block(z, work, count, bars, plan, place, w)
                place += _PLACES
            _average(z, work, count, bars, plan, w, norm, bias, together + j * dp, tokens * dp)
            for m in range(count):
                to = together + (m * tokens + j) * dp
                for i in range(0, dp, WIDTH):
                    store(z, to + i, plus(load(z, to + i), load(w, frame + i)))
        if plan[1] > 0:
            to = together + plan[0] * dp
            for m in range(count):
                _copy(w, plan[13], z, to + m * tokens * dp, dp)
            accumulate(z, plan[9] - plan[1], inputs_step, count, plan[1], w, plan[12], dp, dp, to, tokens * dp)
        for i in range(0, count * tokens * dp, WIDTH):
            store(z, work + i, load(z, together + i))
        _block(z, work, count, tokens, plan, _HEAD, w)
        _average(z, work, count, tokens, plan, w, plan[14], plan[15], pooled, dp)
        spread(w, plan[17], dp, z, layer, count, dp)
        accumulate(z, pooled, dp, count, plan[2], w, plan[16], dp, dp, layer, dp)
        swish(z, layer, count * dp)
        spread(w, plan[19], score_step, z, scores, count, score_step)
        accumulate(z, layer, dp, count, plan[2], w, plan[18], score_step, score_step, scores, score_step)
        write(rows, start, count, z, scores, score_step, out)


@kernel
def _padded(n: int) -> int:
    return (n + WIDTH - 1) // WIDTH * WIDTH


@kernel
def _copy(a: np.ndarray, first: int, z: np.ndarray, to: int, count: int) -> None:
    for i in range(0, count, WIDTH):
        store(z, to + i, load(a, first + i))


@kernel
def _block(z: np.ndarray, x: int, count: int, bars: int, plan: np.ndarray, place: int, w: np.ndarray) -> None:
    """One block over the tokens (count, bars, dp) at `z[x:]`, in place; what follows them is scratch."""
    width, dp, heads, each, ep = plan[2], plan[3], plan[4], plan[5], plan[6]
    tokens, hd, lp, fp = count * bars, heads * ep, _padded(bars), _padded(2 * width)
    normed = x + tokens * dp
    qkv = normed + tokens * dp
    context = qkv + tokens * 3 * hd
    forward = context + tokens * hd
    turned = forward + tokens * fp
    weights = turned + each * lp
    _normalise(z, x, tokens, plan, w, plan[place], plan[place + 1], normed)
    spread(w, plan[place + 3], 3 * hd, z, qkv, tokens, 3 * hd)
    accumulate(z, normed, dp, tokens, width, w, plan[place + 2], 3 * hd, 3 * hd, qkv, 3 * hd)
    for i in range(context, context + tokens * hd, WIDTH):
        store(z, i, repeated(_F(0.0)))
    for m in range(count):
        for head in range(heads):
            q = qkv + m * bars * 3 * hd + head * ep
            k, v = q + hd, q + 2 * hd
            for t in range(bars):
                for i in range(each):
                    z[turned + i * lp + t] = z[k + t * 3 * hd + i]
            for i in range(each):
                for t in range(bars, lp):
                    z[turned + i * lp + t] = 0.0
            for t in range(bars):
                for u in range(lp):
                    z[weights + t * lp + u] = _F(0.0) if u < bars else _NOWHERE
            accumulate(z, q, 3 * hd, bars, each, z, turned, lp, lp, weights, lp)
            for t in range(bars):
                _softmax(z, weights + t * lp, lp)
            accumulate(z, weights, lp, bars, bars, z, v, 3 * hd, ep, context + m * bars * hd + head * ep, hd)
    _add_bias(z, x, tokens, dp, w, plan[place + 5])
    accumulate(z, context, hd, tokens, hd, w, plan[place + 4], dp, dp, x, dp)
    _normalise(z, x, tokens, plan, w, plan[place + 6], plan[place + 7], normed)
    spread(w, plan[place + 9], fp, z, forward, tokens, fp)
    accumulate(z, normed, dp, tokens, width, w, plan[place + 8], fp, fp, forward, fp)
    rectify(z, forward, tokens * fp)
    _add_bias(z, x, tokens, dp, w, plan[place + 11])
    accumulate(z, forward, fp, tokens, 2 * width, w, plan[place + 10], dp, dp, x, dp)


@kernel
def _add_bias(z: np.ndarray, x: int, tokens: int, dp: int, w: np.ndarray, bias: int) -> None:
    for t in range(tokens):
        for i in range(0, dp, WIDTH):
            store(z, x + t * dp + i, plus(load(z, x + t * dp + i), load(w, bias + i)))


@kernel
def _softmax(z: np.ndarray, first: int, count: int) -> None:
    top = load(z, first)
    for i in range(first + WIDTH, first + count, WIDTH):
        top = larger(top, load(z, i))
    peak = repeated(highest(top))
    sums = repeated(_F(0.0))
    for i in range(first, first + count, WIDTH):
        e = exp16(minus(load(z, i), peak))
        store(z, i, e)
        sums = plus(sums, e)
    whole = repeated(total(sums))
    for i in range(first, first + count, WIDTH):
        store(z, i, over(load(z, i), whole))


@kernel
def _normalise(z: np.ndarray, x: int, tokens: int, plan: np.ndarray, w: np.ndarray, weight: int, bias: int, to: int) -> None:
    """Each token less its mean, over its standard deviation, times `weight`, plus `bias`; padding stays 0."""
    width, dp, mask = _F(plan[2]), plan[3], plan[11]
    for t in range(tokens):
        at, out = x + t * dp, to + t * dp
        sums = repeated(_F(0.0))
        for i in range(0, dp, WIDTH):
            sums = plus(sums, load(z, at + i))
        mean = repeated(total(sums) / width)
        squares = repeated(_F(0.0))
        for i in range(0, dp, WIDTH):
            d = times(minus(load(z, at + i), mean), load(w, mask + i))
            store(z, out + i, d)
            squares = fused(d, d, squares)
        spread_ = repeated(_F(1.0) / _F(math.sqrt(total(squares) / width + _F(NORM_EPSILON))))
        for i in range(0, dp, WIDTH):
            store(z, out + i, fused(times(load(z, out + i), spread_), load(w, weight + i), load(w, bias + i)))


@kernel
def _average(
    z: np.ndarray, x: int, count: int, bars: int, plan: np.ndarray, w: np.ndarray, weight: int, bias: int, to: int, step: int
) -> None:
    """Mean over the bars of the normalised tokens (count, bars, dp), a row of dp for each `count`."""
    dp = plan[3]
    normed = x + count * bars * dp
    _normalise(z, x, count * bars, plan, w, weight, bias, normed)
    parts = repeated(_F(bars))
    for m in range(count):
        for i in range(0, dp, WIDTH):
            sums = repeated(_F(0.0))
            for t in range(bars):
                sums = plus(sums, load(z, normed + (m * bars + t) * dp + i))
            store(z, to + m * step + i, over(sums, parts))
