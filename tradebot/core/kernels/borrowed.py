"""An array without its owner, for a loop that calls many kernels.

A compiled function that branches takes and drops a reference to each array it is given, which costs about 12 ns an array and call: atomic
counts that no other thread reads. `borrowed(array)` is the same memory without an owner to count for, so those calls cost nothing.

The caller keeps the array alive: use it inside the compiled function that was given the array, and don't return it.
"""

from __future__ import annotations

from typing import Any

from numba import extending
from numba.core import cgutils
from numba.np import arrayobj

intrinsic: Any = extending.intrinsic  # to a type checker an intrinsic would take its compile-time arguments
_make_array: Any = arrayobj.make_array
_null: Any = cgutils.get_null_value


@intrinsic
def borrowed(context: Any, array: Any) -> Any:
    """The same array, not owned."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = _make_array(signature.args[0])(context, builder, args[0])
        view.meminfo = _null(view.meminfo.type)
        view.parent = _null(view.parent.type)
        return view._getvalue()

    return array(array), generate
