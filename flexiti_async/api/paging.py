"""
Paged lists: reading a page, and recognising the last one.

The portal names the query (`page_number`, `page_size`) and shows no answer (spec section 5.12): the
shape of a page, its limits and the sign of the last page are UNKNOWN. So a page may be an array or
an object with one list in it, and `PageWalk` relies only on what every server must do at the end.
"""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar, cast

from attrs import field, frozen

from flexiti_async.api.converters import to_number
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.redact import printable
from flexiti_async.protocol.structuring import no_extra, structure
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import number_check

__all__ = ["MOST_PAGES", "Page", "PageWalk", "page_query", "read_page"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_PAGES: Final = 10_000
"""Pages requested before a list counts as endless."""


@frozen
class Page(Generic[T_co]):
    """
    One page of a list.

    Attributes:
        items: The items, in the order of the answer.
        extra: Fields beside the list, such as totals; empty if the answer was an array.
    """

    items: tuple[T_co, ...] = ()
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


def read_page(data: object, item: type[T]) -> tuple[tuple[T, ...], Mapping[str, object]]:
    """
    Find the list in a decoded answer and read it.

    Args:
        data: An array, an object with one list in it, or `{}` for an empty page.
        item: Type of the items.

    Returns:
        The items, and the fields beside the list.

    Raises:
        UnfitError: The answer has no list, or several: a wrong guess would lose a page.
    """
    if isinstance(data, list):
        return _items(cast("list[object]", data), item, "$"), {}
    if not isinstance(data, dict):
        raise UnfitError(f"{type(data).__name__} instead of a list at $")
    fields = cast("dict[str, object]", data)
    lists = [name for name, value in fields.items() if isinstance(value, list)]
    if not fields:
        return (), {}
    if len(lists) != 1:
        raise UnfitError(f"{len(lists)} lists instead of one at $")
    name = lists[0]
    extra = {key: value for key, value in fields.items() if key != name}
    return _items(cast("list[object]", fields[name]), item, f"$.{printable(name)}"), extra


def _items(listed: list[object], item: type[T], path: str) -> tuple[T, ...]:
    read: list[T] = []
    for place, one in enumerate(listed):
        try:
            read.append(structure(one, item))
        except UnfitError as unfit:
            problem = unfit.place.replace("$", f"{path}[{place}]", 1)
            break
    else:
        return tuple(read)
    raise UnfitError(problem)


_PAGE: Final = number_check(18, example="10")


@validated
@frozen(kw_only=True)
class _PageQuery:
    page_number: int | None = field(converter=to_number, metadata=takes(Rule(_PAGE)))
    page_size: int | None = field(converter=to_number, metadata=takes(Rule(_PAGE)))


def page_query(page_number: int | None, page_size: int | None) -> dict[str, str]:
    """
    Return the query parameters of a page; None leaves a number to the server.

    Raises:
        ValidationError: A number is less than 1.
    """
    asked = _PageQuery(page_number=page_number, page_size=page_size)
    numbers = {"page_number": asked.page_number, "page_size": asked.page_size}
    return {name: str(number) for name, number in numbers.items() if number is not None}


class PageWalk(Generic[T]):
    """
    Decides which page to request next, and when the list has ended. It does no I/O.

    A walk ends at a page that

    * is empty;
    * repeats the previous one: the server answers the last page, or the only one, to every higher
      number;
    * repeats the first one: the server starts over.

    It does not end at a short page: a server may return fewer items than requested, and the rest
    would be lost. The price is one more request for an empty page.

    Args:
        endpoint: The endpoint's name, for the error.
        first: Number of the first page; the API counts from 1.
        most_pages: Number of pages after which the list counts as endless.

    Raises:
        ValidationError: `most_pages` is no number.
    """

    def __init__(self, endpoint: str, *, first: int = 1, most_pages: int = MOST_PAGES) -> None:
        self._endpoint = endpoint
        problem = wrong_type("most_pages", most_pages, int)
        if problem is not None:
            raise problem
        self._left = most_pages
        self._number = first
        self._first: tuple[T, ...] | None = None
        self._previous: tuple[T, ...] | None = None
        self._ended = False

    @property
    def next_page(self) -> int | None:
        """
        Number of the page to request; None after the last one.

        Raises:
            MalformedAnswer: The list has not ended after `most_pages` pages.
        """
        if self._ended:
            return None
        if self._left <= 0:
            raise MalformedAnswer(
                f"the list has not ended after page {self._number - 1}: narrow the search, or "
                "raise most_pages",
                status=200,
                endpoint=self._endpoint,
            )
        return self._number

    def take(self, page: Page[T]) -> tuple[T, ...]:
        """Take the page that was requested, and return its new items."""
        items = page.items
        if not items or items in (self._previous, self._first):
            self._ended = True
            return ()
        if self._first is None:
            self._first = items
        self._previous = items
        self._number += 1
        self._left -= 1
        return items

    def end(self) -> None:
        """End here: the server has no such page."""
        self._ended = True
