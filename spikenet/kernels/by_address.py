"""A compiled function called by its address from another one.

numba copies a function into each one that calls it and optimises it there anew, in a parallel loop three times over.
A long loop that is called once a task gains nothing by that; called by its address it is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic

_unpack: Any = cgutils.unpack_tuple
_unlikely: Any = cgutils.if_unlikely


def address_of(function: Callable[..., Any], signature: tuple[Any, ...] | None = None) -> int:
    """Where the machine code of a compiled function begins; valid as long as the function lives.

    signature: for which of those it was compiled for; None where there is only one
    """
    dispatcher: Any = function
    if signature is None:
        (signature,) = dispatcher.overloads
    one = dispatcher.overloads[signature]
    return int(one.library.get_pointer_to_function(one.fndesc.llvm_func_name))


def compiled_address(function: Callable[..., Any], signature: tuple[Any, ...]) -> int:
    """As `address_of`, of a function of `compiled` that serves these types alone; it is compiled if it was not."""
    dispatcher: Any = function
    if not dispatcher.overloads:
        dispatcher.compile(signature)
        dispatcher.disable_compile()
    return address_of(function)


def _call_at(typing: Any, address: Any, arguments: Any) -> Any:
    kinds = tuple(arguments.types)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        convention = context.call_conv
        kind = convention.get_function_type(types.none, kinds)
        function = builder.inttoptr(given[0], kind.as_pointer())
        values = _unpack(builder, given[1], len(kinds))
        status, _ = convention.call_function(builder, function, types.none, kinds, values)
        with _unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(address, arguments), generate


def _succeeds_at(typing: Any, address: Any, arguments: Any) -> Any:
    kinds = tuple(arguments.types)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        convention = context.call_conv
        function = builder.inttoptr(given[0], convention.get_function_type(types.none, kinds).as_pointer())
        values = _unpack(builder, given[1], len(kinds))
        status, _ = convention.call_function(builder, function, types.none, kinds, values)
        return status.is_ok

    return types.boolean(address, arguments), generate


succeeds_at: Any = intrinsic(_succeeds_at)
"""As `call_at`, but whether the function came to its end; an exception that it raised is gone."""
call_at: Any = intrinsic(_call_at)
"""call_at(address, (arguments...)): call the function there, which returns nothing, with arguments of its own types."""
