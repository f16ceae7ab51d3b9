"""What a session lends to its checkouts, and how their methods keep what they were given."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import ParamSpec, Protocol, TypeVar

from attrs import frozen

from flexiti_async.checkout.saved import CheckoutRecords
from flexiti_async.clock import Clock
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import ValidationError
from flexiti_async.protocol.token import Scope
from flexiti_async.tokens.refresher import TokenRefresher
from flexiti_async.transport.client import ApiClient

__all__ = ["Desk", "Refreshers", "sensitive_arguments"]

P = ParamSpec("P")
T = TypeVar("T")


class Refreshers(Protocol):
    """Gives the refresher of a scope's tokens, as `FlexitiSession.refresher` does."""

    def __call__(self, scope: Scope) -> TokenRefresher:
        """Give it."""
        ...


@frozen
class Desk:
    """What a session lends to its checkouts."""

    client: ApiClient
    refreshers: Refreshers
    records: CheckoutRecords
    config: FlexitiConfig
    clock: Clock


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
