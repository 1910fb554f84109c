"""Products with a weight matrix, and the curves between them. Every output is one chain of fused additions in the order of the inputs,
whatever the number of rows: one row and a batch agree bit for bit.

All arrays are flat float32; a matrix is where it begins and the step from one row to the next. Columns come in sixteens: weights are padded
with zeros (architecture.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tradebot.core.kernels.kernel import kernel
from tradebot.serving.networks.floats import (
    WIDTH,
    fused,
    larger,
    load,
    minus,
    nearest,
    over,
    plus,
    power_of_two,
    repeated,
    smaller,
    store,
    times,
)

_F = np.float32


@kernel
def spread(w: np.ndarray, bias: int, columns: int, z: np.ndarray, out: int, rows: int, step: int) -> None:
    """The `columns` numbers of `w[bias:]` into each row of `z[out:]`."""
    for m in range(rows):
        for n in range(0, columns, WIDTH):
            store(z, out + m * step + n, load(w, bias + n))


@kernel
def accumulate(
    z: np.ndarray, x: int, x_step: int, rows: int, inputs: int, w: np.ndarray, at: int, w_step: int, columns: int, out: int, out_step: int
) -> None:
    """out (rows, columns) += x (rows, inputs) @ w (inputs, columns); x and out lie in `z`, the weights in `w` (which may be `z`)."""
    n = 0
    while n + 4 * WIDTH <= columns:
        m = 0
        while m + 4 <= rows:
            _four_by_four(z, x + m * x_step, x_step, inputs, w, at + n, w_step, out + m * out_step + n, out_step)
            m += 4
        while m < rows:
            _one_by_four(z, x + m * x_step, inputs, w, at + n, w_step, out + m * out_step + n)
            m += 1
        n += 4 * WIDTH
    while n < columns:
        m = 0
        while m + 4 <= rows:
            _four_by_one(z, x + m * x_step, x_step, inputs, w, at + n, w_step, out + m * out_step + n, out_step)
            m += 4
        while m < rows:
            _one_by_one(z, x + m * x_step, inputs, w, at + n, w_step, out + m * out_step + n)
            m += 1
        n += WIDTH


@kernel
def _four_by_four(z: np.ndarray, x: int, x_step: int, inputs: int, w: np.ndarray, at: int, w_step: int, out: int, out_step: int) -> None:
    x1, x2, x3 = x + x_step, x + 2 * x_step, x + 3 * x_step
    o1, o2, o3 = out + out_step, out + 2 * out_step, out + 3 * out_step
    a0, a1, a2, a3 = load(z, out), load(z, out + 16), load(z, out + 32), load(z, out + 48)
    b0, b1, b2, b3 = load(z, o1), load(z, o1 + 16), load(z, o1 + 32), load(z, o1 + 48)
    c0, c1, c2, c3 = load(z, o2), load(z, o2 + 16), load(z, o2 + 32), load(z, o2 + 48)
    d0, d1, d2, d3 = load(z, o3), load(z, o3 + 16), load(z, o3 + 32), load(z, o3 + 48)
    for k in range(inputs):
        i = at + k * w_step
        w0, w1, w2, w3 = load(w, i), load(w, i + 16), load(w, i + 32), load(w, i + 48)
        v = repeated(z[x + k])
        a0, a1, a2, a3 = fused(v, w0, a0), fused(v, w1, a1), fused(v, w2, a2), fused(v, w3, a3)
        v = repeated(z[x1 + k])
        b0, b1, b2, b3 = fused(v, w0, b0), fused(v, w1, b1), fused(v, w2, b2), fused(v, w3, b3)
        v = repeated(z[x2 + k])
        c0, c1, c2, c3 = fused(v, w0, c0), fused(v, w1, c1), fused(v, w2, c2), fused(v, w3, c3)
        v = repeated(z[x3 + k])
        d0, d1, d2, d3 = fused(v, w0, d0), fused(v, w1, d1), fused(v, w2, d2), fused(v, w3, d3)
    store(z, out, a0)
    store(z, out + 16, a1)
    store(z, out + 32, a2)
    store(z, out + 48, a3)
    store(z, o1, b0)
    store(z, o1 + 16, b1)
    store(z, o1 + 32, b2)
    store(z, o1 + 48, b3)
    store(z, o2, c0)
    store(z, o2 + 16, c1)
    store(z, o2 + 32, c2)
    store(z, o2 + 48, c3)
    store(z, o3, d0)
    store(z, o3 + 16, d1)
    store(z, o3 + 32, d2)
    store(z, o3 + 48, d3)


@kernel
def _one_by_four(z: np.ndarray, x: int, inputs: int, w: np.ndarray, at: int, w_step: int, out: int) -> None:
    a0, a1, a2, a3 = load(z, out), load(z, out + 16), load(z, out + 32), load(z, out + 48)
    for k in range(inputs):
        i = at + k * w_step
        v = repeated(z[x + k])
        a0 = fused(v, load(w, i), a0)
        a1 = fused(v, load(w, i + 16), a1)
        a2 = fused(v, load(w, i + 32), a2)
        a3 = fused(v, load(w, i + 48), a3)
    store(z, out, a0)
    store(z, out + 16, a1)
    store(z, out + 32, a2)
    store(z, out + 48, a3)


@kernel
def _four_by_one(z: np.ndarray, x: int, x_step: int, inputs: int, w: np.ndarray, at: int, w_step: int, out: int, out_step: int) -> None:
    o1, o2, o3 = out + out_step, out + 2 * out_step, out + 3 * out_step
    a, b, c, d = load(z, out), load(z, o1), load(z, o2), load(z, o3)
    for k in range(inputs):
        v = load(w, at + k * w_step)
        a = fused(repeated(z[x + k]), v, a)
        b = fused(repeated(z[x + x_step + k]), v, b)
        c = fused(repeated(z[x + 2 * x_step + k]), v, c)
        d = fused(repeated(z[x + 3 * x_step + k]), v, d)
    store(z, out, a)
    store(z, o1, b)
    store(z, o2, c)
    store(z, o3, d)


@kernel
def _one_by_one(z: np.ndarray, x: int, inputs: int, w: np.ndarray, at: int, w_step: int, out: int) -> None:
    a = load(z, out)
    for k in range(inputs):
        a = fused(repeated(z[x + k]), load(w, at + k * w_step), a)
    store(z, out, a)


@kernel
def rectify(z: np.ndarray, first: int, count: int) -> None:
    """max(x, 0) of `count` numbers, a multiple of sixteen."""
    for i in range(first, first + count, WIDTH):
        store(z, i, larger(load(z, i), repeated(_F(0.0))))


@kernel
def swish(z: np.ndarray, first: int, count: int) -> None:
    """x logistic(x) of `count` numbers, a multiple of sixteen (Ramachandran et al. 2017): as max(x, 0), but it can't die."""
    for i in range(first, first + count, WIDTH):
        x = load(z, i)
        store(z, i, times(x, logistic16(x)))


@kernel
def tanh16(x: Any) -> Any:
    """tanh as the ratio of two polynomials (Eigen's), within 1e-6 of it."""
    x = larger(smaller(x, repeated(_F(7.90531110763549805))), repeated(_F(-7.90531110763549805)))
    y = times(x, x)
    p = fused(y, repeated(_F(-2.76076847742355e-16)), repeated(_F(2.00018790482477e-13)))
    p = fused(y, p, repeated(_F(-8.60467152213735e-11)))
    p = fused(y, p, repeated(_F(5.12229709037114e-08)))
    p = fused(y, p, repeated(_F(1.48572235717979e-05)))
    p = fused(y, p, repeated(_F(6.37261928875436e-04)))
    p = fused(y, p, repeated(_F(4.89352455891786e-03)))
    q = fused(y, repeated(_F(1.19825839466702e-06)), repeated(_F(1.18534705686654e-04)))
    q = fused(y, q, repeated(_F(2.26843463243900e-03)))
    q = fused(y, q, repeated(_F(4.89352518554385e-03)))
    return over(times(x, p), q)


@kernel
def logistic16(x: Any) -> Any:
    """1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2."""
    half = repeated(_F(0.5))
    return fused(half, tanh16(times(half, x)), half)


@kernel
def exp16(x: Any) -> Any:
    """exp of numbers not above 0, 0 below -87: 2^n times a polynomial of what is left (Cephes)."""
    kept = larger(x, repeated(_F(-87.0)))
    n = nearest(times(kept, repeated(_F(1.44269504088896341))))
    r = fused(n, repeated(_F(-0.693359375)), kept)
    r = fused(n, repeated(_F(2.12194440e-4)), r)
    p = fused(r, repeated(_F(1.9875691500e-4)), repeated(_F(1.3981999507e-3)))
    p = fused(r, p, repeated(_F(8.3334519073e-3)))
    p = fused(r, p, repeated(_F(4.1665795894e-2)))
    p = fused(r, p, repeated(_F(1.6666665459e-1)))
    p = fused(r, p, repeated(_F(5.0000001201e-1)))
    p = plus(fused(times(r, r), p, r), repeated(_F(1.0)))
    far = larger(smaller(minus(x, repeated(_F(-87.0))), repeated(_F(0.0))), repeated(_F(-1.0)))  # 0, or -1 well below -87
    return times(plus(far, repeated(_F(1.0))), times(p, power_of_two(n)))
