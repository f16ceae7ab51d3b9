"""
Paged lists: reading a page, and recognising the last one.

The portal names the query (`page_number`, `page_size`) and shows no answer (spec section 5.12): the
shape of a page, its limits and the sign of the last page are UNKNOWN. So a page may be an array or
an object with a list in it, and `PageWalk` relies only on what every server must do at the end.

Pages are read more strictly than other answers: whether an operation ran is decided by what is not
in them, and a guess could move money twice.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Final, Generic, Self, TypeVar, cast

from attrs import field, frozen

from flexiti_async.api.converters import to_number
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.model import AnswerModel, hints_of, model_in, reader
from flexiti_async.protocol.redact import printable
from flexiti_async.protocol.structuring import no_extra, structure
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import number_check

__all__ = ["MOST_PAGES", "Page", "PageWalk", "page_query", "read_page"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_PAGES: Final = 10_000
"""Pages requested before a list counts as endless."""
_MOST_WITHOUT_NEW: Final = 2


@frozen
class Page(AnswerModel, Generic[T_co]):
    """
    One page of a list.

    Attributes:
        items: The items, in the order of the answer.
        extra: Fields beside the list, such as totals; empty if the answer was an array.
    """

    items: tuple[T_co, ...] = ()
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    @classmethod
    def _read(cls, given: Mapping[str, object]) -> Self:
        item = model_in(hints_of(cls)["items"]) or object
        return cls(*read_page(given, cast("type[T_co]", item), "items", reader().structure))

    def keys(self) -> tuple[Hashable, ...]:
        """Return for each item what it is recognized by on a later page: by default, itself."""
        return cast("tuple[Hashable, ...]", self.items)


def read_page(
    data: object, item: type[T], name: str, read: Callable[[object, type[T]], T] = structure
) -> tuple[tuple[T, ...], Mapping[str, object]]:
    """
    Find the list in a decoded answer and read it.

    Args:
        data: An array; an object with the list under the endpoint's name, or with one list under
            any name; `{}`, or null under the endpoint's name, for an empty page.
        item: Type of the items.
        name: The endpoint's name.
        read: Reads one item.

    Returns:
        The items, and the fields beside the list.

    Raises:
        UnfitError: The answer has no list, or several under other names: a wrong guess would lose a
            page. Or one of the items cannot be read.
    """
    if isinstance(data, list):
        return _items(cast("list[object]", data), item, "$", read), {}
    if not isinstance(data, dict):
        raise UnfitError(f"{type(data).__name__} instead of a list at $")
    fields = cast("dict[str, object]", data)
    found = _list_in(fields, name)
    if found is None:
        return (), fields
    extra = {key: value for key, value in fields.items() if key != found}
    listed = cast("list[object]", fields[found])
    return _items(listed, item, f"$.{printable(found)}", read), extra


def _list_in(fields: Mapping[str, object], name: str) -> str | None:
    """Return the name of the list in an object; None for an empty page."""
    if isinstance(fields.get(name), list):
        return name
    lists = [key for key, value in fields.items() if isinstance(value, list)]
    own = next((key for key in fields if key.lower() == name), None)
    if own in lists:
        return own
    if own is None and fields:
        if len(lists) == 1:
            return lists[0]
        raise UnfitError(f"{len(lists)} lists instead of one at $")
    if own is not None and fields[own] not in (None, "", {}):
        raise UnfitError(f"{type(fields[own]).__name__} instead of a list at $.{printable(own)}")
    if any(isinstance(one, dict) for key in lists for one in cast("list[object]", fields[key])):
        raise UnfitError(f"another list than {name} has items at $")
    return None


def _items(
    listed: list[object], item: type[T], path: str, read: Callable[[object, type[T]], T]
) -> tuple[T, ...]:
    items: list[T] = []
    for place, one in enumerate(listed):
        try:
            items.append(read(one, item))
        except UnfitError as unfit:
            problem = unfit.place.replace("$", f"{path}[{place}]", 1)
            break
    else:
        return tuple(items)
    raise UnfitError(problem)


_PAGE: Final = number_check(18, example="10")


@validated
@frozen(kw_only=True, slots=False)
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

    A list may shift while it is read: an item that an earlier page had is not returned again.

    A walk ends at a page that is empty, and at the second page in a row without a new item: the
    server answers the last page, or the first, to every higher number. It does not end at one such
    page, which the list may have shifted by, nor at a short page: a server may return fewer items
    than requested, and the rest would be lost. The price is one more request, or two.

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
        self._returned: set[Hashable] = set()
        self._without_new = 0
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
        keys = page.keys()
        new = tuple(
            item for item, key in zip(page.items, keys, strict=True) if key not in self._returned
        )
        self._returned.update(keys)
        self._without_new = 0 if new else self._without_new + 1
        if not page.items or self._without_new == _MOST_WITHOUT_NEW:
            self._ended = True
        self._number += 1
        self._left -= 1
        return new

    def end(self) -> None:
        """End here: the server has no such page."""
        self._ended = True
