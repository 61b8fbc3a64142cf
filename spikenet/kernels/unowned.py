"""Views that count no references, for the rows of a loop.

Every view of an array that compiled code allocated raises and lowers its reference count, atomically: some twenty
cycles a view, more than a short row's work. A view made from an unowned array counts nothing. Whoever makes one keeps
the owner until the last use, with `keep` after it.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

_make_array: Any = make_array
_null: Any = cgutils.get_null_value


def _unowned(typing: Any, array: Any) -> Any:
    result = types.Array(array.dtype, array.ndim, array.layout)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        source = _make_array(signature.args[0])(context, builder, value=given[0])
        view = _make_array(result)(context, builder)
        for name in ("nitems", "itemsize", "data", "shape", "strides"):
            setattr(view, name, getattr(source, name))
        view.meminfo = _null(view.meminfo.type)
        view.parent = _null(view.parent.type)
        return view._getvalue()

    return result(array), generate


def _keep(typing: Any, array: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return context.get_dummy_value()

    return types.void(array), generate


unowned: Any = intrinsic(_unowned)
"""unowned(array): the same array, writable and counted by nobody."""
keep: Any = intrinsic(_keep)
"""keep(array): does nothing; the array lives until here."""
