"""Four doubles at once: what a window's loop needs of the processor's vectors.

The compiler doesn't use them for sums by itself, since that changes the order of additions, and fastmath is off. Here the order is
written down: lane k holds every fourth value from the k-th on, and `total` adds the lanes as (0 + 1) + (2 + 3), on every machine. Each
operation is the ordinary one on each lane, rounded as ever; a machine without vectors does them one by one, with the same result.

    acc = lanes(0.0)
    for i in range(n // 4):
        acc = acc + load(x, first + 4 * i)      # x is a contiguous float64 array; no index is checked
    sum = total(acc)

`+`, `-`, `*`, `larger` and `smaller` take lanes and work lane by lane, `magnitude` is the absolute value; `lanes(value)` repeats a number,
`ramp()` is 0, 1, 2, 3; `total`, `highest`, `lowest` make one number of the lanes. All exist in compiled code only.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.extending import models, overload, register_model
from numba.np import arrayobj

intrinsic: Any = extending.intrinsic  # to a type checker an intrinsic would take its compile-time arguments
_make_array: Any = arrayobj.make_array
_insert: Any = cgutils.get_or_insert_function

_WIDTH = 4
_VECTOR = ir.VectorType(ir.DoubleType(), _WIDTH)
_INDEX = ir.IntType(32)


class Lanes(types.Type):
    """The compiled type of four doubles."""


LANES: Any = Lanes(name="Lanes")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


@intrinsic
def lanes(context: Any, value: Any) -> Any:
    """The number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], _INDEX(0))
        nowhere = ir.Constant(ir.VectorType(_INDEX, _WIDTH), [0] * _WIDTH)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), nowhere)

    return LANES(types.float64), generate


@intrinsic
def load(context: Any, array: Any, first: Any) -> Any:
    """The four values from `array[first]` on. No bounds are checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _make_array(signature.args[0])(context, builder, args[0]).data
        at = builder.bitcast(builder.gep(data, [args[1]]), _VECTOR.as_pointer())
        return builder.load(at, align=8)

    return LANES(array, types.int64), generate


@intrinsic
def total(context: Any, value: Any) -> Any:
    """Sum of the lanes, (0 + 1) + (2 + 3)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, c, d = (builder.extract_element(args[0], _INDEX(i)) for i in range(_WIDTH))
        return builder.fadd(builder.fadd(a, b), builder.fadd(c, d))

    return types.float64(LANES), generate


@intrinsic
def ramp(context: Any) -> Any:
    """0, 1, 2, 3."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(_VECTOR, [ir.Constant(ir.DoubleType(), float(i)) for i in range(_WIDTH)])

    return LANES(), generate


def _reduce(comparison: str) -> Any:
    @intrinsic
    def reduce(context: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            def chosen(a: Any, b: Any) -> Any:
                return builder.select(builder.fcmp_ordered(comparison, a, b), a, b)

            a, b, c, d = (builder.extract_element(args[0], _INDEX(i)) for i in range(_WIDTH))
            return chosen(chosen(a, b), chosen(c, d))

        return types.float64(LANES), generate

    return reduce


highest, lowest = _reduce(">"), _reduce("<")
"""The largest and the smallest lane's number."""


def _choose(comparison: str) -> Any:
    @intrinsic
    def choose(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(comparison, args[0], args[1]), args[0], args[1])

        return LANES(LANES, LANES), generate

    return choose


larger, smaller = _choose(">"), _choose("<")
"""Lane by lane `a if a > b else b`, `a if a < b else b`."""


@intrinsic
def magnitude(context: Any, value: Any) -> Any:
    """Absolute value of each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        absolute = _insert(builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), "llvm.fabs.v4f64")
        return builder.call(absolute, args)

    return LANES(LANES), generate


def _arithmetic(instruction: str) -> Any:
    @intrinsic
    def compute(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return LANES(LANES, LANES), generate

    return compute


_add, _subtract, _multiply = _arithmetic("fadd"), _arithmetic("fsub"), _arithmetic("fmul")


@overload(operator.add)
def _overload_add(a, b):  # type: ignore[no-untyped-def]  # numba compares the signatures
    return (lambda a, b: _add(a, b)) if isinstance(a, Lanes) and isinstance(b, Lanes) else None  # noqa: PLW0108 - numba compiles it


@overload(operator.sub)
def _overload_sub(a, b):  # type: ignore[no-untyped-def]  # numba compares the signatures
    return (lambda a, b: _subtract(a, b)) if isinstance(a, Lanes) and isinstance(b, Lanes) else None  # noqa: PLW0108 - numba compiles it


@overload(operator.mul)
def _overload_mul(a, b):  # type: ignore[no-untyped-def]  # numba compares the signatures
    return (lambda a, b: _multiply(a, b)) if isinstance(a, Lanes) and isinstance(b, Lanes) else None  # noqa: PLW0108 - numba compiles it
