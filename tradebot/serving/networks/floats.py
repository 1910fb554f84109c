"""Sixteen single-precision numbers at once: what the kernels of a network are written in.

As core/kernels/lanes.py does for doubles, the order of operations is the source's: each is the ordinary one on each of the sixteen,
`fused(a, b, c)` is a * b + c rounded once, and `total` adds them in one fixed order. So an answer doesn't depend on how many rows were
asked about at once, nor on how wide the machine's vectors are.

    load(x, i), store(x, i, v)      sixteen of a contiguous float32 array, no index is checked
    repeated(value)                 the number sixteen times
    fused, plus, minus, times, over, larger, smaller        one by one
    total, highest                  one number of the sixteen
    power_of_two(v)                 2 ** v for whole v between -126 and 127;  nearest(v) the nearest whole numbers

All exist in compiled code only.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.extending import models, register_model
from numba.np import arrayobj

WIDTH = 16
intrinsic: Any = extending.intrinsic  # to a type checker an intrinsic would take its compile-time arguments
_make_array: Any = arrayobj.make_array
_insert: Any = cgutils.get_or_insert_function
_VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
_WHOLE = ir.VectorType(ir.IntType(32), WIDTH)
_INDEX = ir.IntType(32)


class Floats(types.Type):
    """The compiled type of sixteen single-precision numbers."""


FLOATS: Any = Floats(name="Floats")


@register_model(Floats)
class _FloatsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _at(context: Any, builder: Any, array_type: Any, array: Any, first: Any) -> Any:
    data = _make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [first]), _VECTOR.as_pointer())


@intrinsic
def load(context: Any, array: Any, first: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_at(context, builder, signature.args[0], *args), align=4)

    return FLOATS(array, types.int64), generate


@intrinsic
def store(context: Any, array: Any, first: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _at(context, builder, signature.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, FLOATS), generate


@intrinsic
def repeated(context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], _INDEX(0))
        nowhere = ir.Constant(_WHOLE, [0] * WIDTH)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), nowhere)

    return FLOATS(types.float32), generate


@intrinsic
def fused(context: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        fma = _insert(builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), "llvm.fma.v16f32")
        return builder.call(fma, args)

    return FLOATS(FLOATS, FLOATS, FLOATS), generate


def _pairwise(instruction: str) -> Any:
    @intrinsic
    def compute(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return FLOATS(FLOATS, FLOATS), generate

    return compute


plus, minus, times, over = _pairwise("fadd"), _pairwise("fsub"), _pairwise("fmul"), _pairwise("fdiv")


def _choose(comparison: str) -> Any:
    @intrinsic
    def choose(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(comparison, args[0], args[1]), args[0], args[1])

        return FLOATS(FLOATS, FLOATS), generate

    return choose


larger, smaller = _choose(">"), _choose("<")


def _halved(join: Any) -> Any:
    """One number of sixteen: the upper half joined to the lower, four times."""

    @intrinsic
    def reduce(context: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            parts, count = args[0], WIDTH
            while count > 1:
                count //= 2
                kind = ir.VectorType(ir.IntType(32), count)
                nothing = ir.Constant(parts.type, ir.Undefined)
                low = builder.shuffle_vector(parts, nothing, ir.Constant(kind, list(range(count))))
                high = builder.shuffle_vector(parts, nothing, ir.Constant(kind, list(range(count, 2 * count))))
                parts = join(builder, low, high)
            return builder.extract_element(parts, _INDEX(0))

        return types.float32(FLOATS), generate

    return reduce


total = _halved(lambda builder, a, b: builder.fadd(a, b))
highest = _halved(lambda builder, a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))


@intrinsic
def nearest(context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rounded = _insert(builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), "llvm.nearbyint.v16f32")
        return builder.call(rounded, args)

    return FLOATS(FLOATS), generate


@intrinsic
def power_of_two(context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = builder.fptosi(args[0], _WHOLE)
        exponent = builder.add(whole, ir.Constant(_WHOLE, [127] * WIDTH))
        return builder.bitcast(builder.shl(exponent, ir.Constant(_WHOLE, [23] * WIDTH)), _VECTOR)

    return FLOATS(FLOATS), generate
