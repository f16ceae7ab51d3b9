"""What the groups need of a session: to send a call, and to send it for every page of a list."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeVar

from flexiti_async.api.paging import Page, PageWalk
from flexiti_async.errors import NotFound
from flexiti_async.protocol.call import Call

__all__ = ["Send", "every"]

T = TypeVar("T")


class Send(Protocol):
    """Makes a call and gives what it promises, as `FlexitiSession.send` does."""

    async def __call__(self, call: Call[T], *, reference_id: str | None = None) -> T:
        """Send `call` in the flow of `reference_id`; without one, in a flow of its own."""
        ...


def every(
    send: Send,
    page: Callable[[int], Call[Page[T]]],
    *,
    most_pages: int,
    reference_id: str | None = None,
) -> AsyncGenerator[T, None]:
    """
    Go through all pages of a list, one request at a time, when the caller is ready for it.

    `PageWalk` says when a list ends. It also ends at a 404 for any page but the first: what the API
    answers to a page that does not exist is UNKNOWN.

    Args:
        send: Sends the calls.
        page: Makes the call for the page of a number.
        most_pages: After so many pages without an end the list is taken for endless.
        reference_id: The `x-reference-id` of all these calls.

    Raises:
        ValidationError: The list cannot be asked for, at once; all else is raised by the loop.
        MalformedAnswer: There is no end in sight.
    """
    walk: PageWalk[T] = PageWalk(page(1).endpoint, most_pages=most_pages)
    return _walked(send, page, walk, reference_id)


async def _walked(
    send: Send, page: Callable[[int], Call[Page[T]]], walk: PageWalk[T], reference_id: str | None
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
