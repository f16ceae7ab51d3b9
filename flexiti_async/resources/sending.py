"""Sending for the groups: one call, or one call per page of a list."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeVar

from flexiti_async.api.paging import Page, PageWalk
from flexiti_async.errors import NotFound
from flexiti_async.protocol.call import Call
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Send", "every"]

T = TypeVar("T")


class Send(Protocol):
    """Sends a call and returns its result, like `FlexitiSession.send`."""

    async def __call__(self, call: Call[T], *, reference_id: ReferenceId | None = None) -> T:
        """Send `call` in the flow of `reference_id`; by default in a new one."""
        ...


def every(
    send: Send,
    page: Callable[[int], Call[Page[T]]],
    *,
    most_pages: int,
    reference_id: ReferenceId | None = None,
) -> AsyncGenerator[T, None]:
    """
    Iterate over all pages of a list, one request at a time, as the caller consumes it.

    `PageWalk` decides when a list ends. It also ends at a 404 for any page but the first: the API's
    answer for a page that does not exist is UNKNOWN.

    Args:
        send: Sends the calls.
        page: Builds the call for a page number.
        most_pages: Number of pages after which the list counts as endless.
        reference_id: The `x-reference-id` of all these calls.

    Raises:
        ValidationError: At once, if the parameters are invalid; the loop raises other errors.
        MalformedAnswer: The list has not ended after `most_pages` pages.
    """
    walk: PageWalk[T] = PageWalk(page(1).endpoint, most_pages=most_pages)
    return _walked(send, page, walk, reference_id)


async def _walked(
    send: Send,
    page: Callable[[int], Call[Page[T]]],
    walk: PageWalk[T],
    reference_id: ReferenceId | None,
) -> AsyncGenerator[T, None]:
    while (number := walk.next_page) is not None:
        try:
            answer = await send(page(number), reference_id=reference_id)
        except NotFound:
            if number == 1:
                raise
            walk.end()
            continue
        for item in walk.take(answer):
            yield item
