"""Pages: an array or one list in an object, and a walk that loses none and always ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.paging import MOST_PAGES, Page, PageWalk, read_page
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.json_codec import UnfitError, decode


@frozen
class Item:
    """An item of a list."""

    message: str | None = None
    extra: dict[str, object] = field(factory=dict[str, object])


def read(body: object) -> tuple[tuple[Item, ...], Any]:
    """Read a page."""
    return read_page(decode(json.dumps(body).encode()), Item, "things")


SHAPES: list[tuple[object, tuple[Item, ...], object]] = [
    ([], (), {}),
    ({}, (), {}),
    ([{"message": "a"}, {"id": 1}], (Item("a"), Item(extra={"id": 1})), {}),
    ({"anything": []}, (), {}),
    ({"anything": [{"message": "a"}], "total": 1}, (Item("a"),), {"total": 1}),
    ({"total": 1, "page": {"n": [1]}, "x": [{}]}, (Item(),), {"total": 1, "page": {"n": [1]}}),
    ({"things": [{}], "warnings": []}, (Item(),), {"warnings": []}),
    ({"a": [{}], "Things": [{}, {}], "b": [1]}, (Item(), Item()), {"a": [{}], "b": [1]}),
    ({"things": [], "others": [{}]}, (), {"others": [{}]}),
    ({"things": None, "total": 0}, (), {"things": None, "total": 0}),
    ({"things": "", "warnings": ["x"]}, (), {"things": "", "warnings": ["x"]}),
    ({"things": {}}, (), {"things": {}}),
]


@pytest.mark.parametrize(("body", "items", "extra"), SHAPES, ids=map(str, range(12)))
def test_shapes(body: object, items: tuple[Item, ...], extra: object) -> None:
    """A page is an array, the list with the endpoint's name, or an object's only list."""
    assert (items, extra) == read(body)


NO_PAGES: list[tuple[object, str]] = [
    ("text", "str instead of a list at $"),
    (None, "NoneType instead of a list at $"),
    ({"total": 0}, "0 lists instead of one at $"),
    ({"a": [], "b": []}, "2 lists instead of one at $"),
    ({"things": None, "a": [{}]}, "another list than things has items at $"),
    ({"things": {"a": []}, "b": []}, "dict instead of a list at $.things"),
    ({"things": 5, "b": []}, "int instead of a list at $.things"),
    ({"thing": None}, "0 lists instead of one at $"),
    ([{}, 5], "int instead of an object at $[1]"),
    ({"all": [{}, None]}, "NoneType instead of an object at $.all[1]"),
]


@pytest.mark.parametrize(("body", "place"), NO_PAGES, ids=map(str, range(10)))
def test_no_page(body: object, place: str) -> None:
    """Where a guess could lose a page, the answer is an error that names the place."""
    with pytest.raises(UnfitError) as caught:
        read(body)

    assert place == caught.value.place


Serve = Callable[[int], tuple[int, ...]]


def walked(serve: Serve, *, most_pages: int = MOST_PAGES) -> tuple[list[int], int]:
    """Walk over a server's pages; return the items and the number of requests."""
    walk: PageWalk[int] = PageWalk("authorizations", most_pages=most_pages)
    found: list[int] = []
    asked = 0
    while (number := walk.next_page) is not None:
        asked += 1
        found += walk.take(Page(serve(number)))
    return found, asked


PAGES = st.lists(st.integers(1, 5), max_size=8)
"""Lengths of pages; a server may give fewer items than it was asked for, on any page."""


def cut(lengths: list[int]) -> list[tuple[int, ...]]:
    """Split unique numbers into pages of these lengths."""
    starts = [sum(lengths[:place]) for place in range(len(lengths))]
    return [tuple(range(a, a + n)) for a, n in zip(starts, lengths, strict=True)]


@given(PAGES)
def test_no_page_is_lost_and_none_comes_twice(lengths: list[int]) -> None:
    """A server with empty pages after the last one gets one request more than it has pages."""
    pages = cut(lengths)

    def serve(number: int) -> tuple[int, ...]:
        return pages[number - 1] if number <= len(pages) else ()

    assert (list(range(sum(lengths))), len(pages) + 1) == walked(serve)


@given(PAGES.filter(bool), st.sampled_from(["the last", "the first"]))
def test_servers_that_never_answer_an_empty_page(lengths: list[int], instead: str) -> None:
    """A server that answers its last or its first page to every later number ends the walk."""
    pages = cut(lengths)

    def serve(number: int) -> tuple[int, ...]:
        beyond = pages[-1] if instead == "the last" else pages[0]
        return pages[number - 1] if number <= len(pages) else beyond

    assert (list(range(sum(lengths))), len(pages) + 2) == walked(serve)


@given(st.integers(0, 12), st.integers(1, 4), st.lists(st.integers(0, 4), max_size=12))
def test_a_list_that_shifts_gives_no_item_twice(
    length: int, page_size: int, inserted: list[int]
) -> None:
    """
    New items that push others to the next page lose none of the first ones, if they are less than
    a page between two requests.
    """
    things = list(range(length))
    growth = iter(inserted)

    def serve(number: int) -> tuple[int, ...]:
        page = tuple(things[(number - 1) * page_size : number * page_size])
        for _ in range(min(next(growth, 0), page_size - 1)):
            things.insert(0, len(things))
        return page

    found, _ = walked(serve)

    assert len(set(found)) == len(found)
    assert set(range(length)) <= set(found)


def test_a_list_that_shifts_by_a_whole_page_goes_on() -> None:
    """One page without a new item is not the end."""
    things = [3, 2, 1]

    def serve(number: int) -> tuple[int, ...]:
        page = tuple(things[number - 1 : number])
        if number == 1:
            things.insert(0, 4)
        return page

    assert ([3, 2, 1], 5) == walked(serve)


@given(st.lists(st.lists(st.integers(0, 3), max_size=3).map(tuple), min_size=1, max_size=12))
def test_any_server_ends(answers: list[tuple[int, ...]]) -> None:
    """With any answers of a server the walk ends, or raises."""
    asked = 0

    def serve(number: int) -> tuple[int, ...]:
        nonlocal asked
        asked = number
        return answers[number % len(answers)]

    try:
        walked(serve, most_pages=30)
    except MalformedAnswer:
        assert 30 == asked
    assert 30 >= asked


def test_a_list_without_end_is_an_error() -> None:
    """A list of more than `most_pages` pages is an error."""
    with pytest.raises(MalformedAnswer, match="not ended after page 7") as caught:
        walked(lambda number: (number,), most_pages=7)

    assert (200, "authorizations") == (caught.value.status, caught.value.endpoint)


def test_exactly_as_many_pages_as_allowed() -> None:
    """The empty page after the last allowed one is not requested, and so not seen."""
    pages = cut([1, 1])

    assert ([0, 1], 3) == walked(lambda n: pages[n - 1] if n < 3 else (), most_pages=3)


def test_the_walk_can_be_ended_from_outside() -> None:
    """A server that has no such page ends the walk."""
    walk: PageWalk[int] = PageWalk("authorizations", first=3)

    assert 3 == walk.next_page
    walk.end()
    assert walk.next_page is None
