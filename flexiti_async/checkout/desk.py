"""Keep what was given to a method out of its tracebacks."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import ParamSpec, TypeVar

from flexiti_async.errors import ValidationError

__all__ = ["sensitive_arguments"]

P = ParamSpec("P")
T = TypeVar("T")


def sensitive_arguments(
    method: Callable[P, Awaitable[T]],
) -> Callable[P, Coroutine[object, None, T]]:
    """
    Make a method raise its ValidationError from a frame that does not hold its arguments.

    It is `protocol.validation.sensitive_arguments` for coroutines. A method that goes on after its
    data were found good deletes them itself.
    """

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        running = method(*args, **kwargs)
        del args, kwargs
        try:
            return await running
        except ValidationError as error:
            kind, faults = type(error), error.field_errors
        raise kind(field_errors=faults)

    return call
