"""Lists of authorizations and captures: their queries, and pages of every shape."""

import datetime
from typing import Any

import pytest

from flexiti_async.api.authorization_lists import (
    AuthorizationPage,
    AuthorizationSearch,
    CapturePage,
    list_authorizations,
    list_captures,
)
from flexiti_async.api.authorizations import Authorization, AuthorizationStatus
from flexiti_async.api.captures import Capture
from flexiti_async.api.purchases import PurchaseType
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.token import Scope

from .wire import answered, error_kind, read, rejected, sample, sent


def test_list() -> None:
    """The list has the parameters of the portal's sample, and is safe to repeat."""
    search = AuthorizationSearch(
        account_number="10000001",
        transaction_type=PurchaseType.PROMOTIONAL,
        authorization_status=AuthorizationStatus.OPENED,
        creation_date_from="2022-01-01",
        creation_date_to=datetime.date(2022, 1, 31),
    )
    call = list_authorizations(search, page_number=1, page_size=10)

    assert sample("authorizations") == sent(call)
    assert (Scope.MERCHANT, Replay.SAFE) == (call.scope, call.replay)


def test_list_of_captures() -> None:
    """The list of captures takes page parameters and any others."""
    call = list_captures(page_number=1, page_size=10)

    assert sample("captures") == sent(call)
    assert (Scope.MERCHANT, Replay.SAFE) == (call.scope, call.replay)
    assert {"x": "y", "page_number": "2"} == list_captures({"x": "y"}, page_number=2).query


def test_missing_parameters_are_not_sent() -> None:
    """Parameters that the caller has not given are not sent."""
    assert {"lang": "en"} == list_authorizations().query
    assert {} == list_captures().query
    assert {"creation_date_to": "2022-01-31"} == AuthorizationSearch(
        creation_date_to="2022-01-31"
    ).query()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"account_number": "x"}, ("account_number", "wrong format", "1 character")),
        ({"authorization_status": 5}, ("authorization_status", "wrong format", None)),
        ({"transaction_type": "a\nb"}, ("transaction_type", "invalid", "3 characters")),
        ({"creation_date_from": "1-1-22"}, ("creation_date_from", "wrong format", None)),
        ({"creation_date_to": "2022-02-30"}, ("creation_date_to", "invalid", "10 characters")),
        (
            {"creation_date_from": "2022-01-02", "creation_date_to": "2022-01-01"},
            ("creation_date_to", "invalid", "10 characters"),
        ),
    ],
    ids=map(str, range(6)),
)
def test_search_rejects(given: dict[str, Any], error: tuple[str, str, str | None]) -> None:
    """An invalid search is rejected before anything is sent."""
    found = rejected(AuthorizationSearch, given)

    assert [error[:2]] == [(one.param, one.msg) for one in found]
    assert error[2] in {None, found[0].value}


def test_search_takes_unknown_words_and_single_days() -> None:
    """Unknown words are sent unchanged; a list may be of one day."""
    search = AuthorizationSearch(
        transaction_type="layaway",
        authorization_status="expired",
        creation_date_from="2022-01-01",
        creation_date_to="2022-01-01",
    )

    assert ("layaway", "expired") == (
        search.query()["transaction_type"],
        search.query()["authorization_status"],
    )


@pytest.mark.parametrize(("number", "size"), [(0, None), (-1, 5), (1, 0), (1, -5), (True, 1)])
def test_pages_count_from_one(number: int, size: int | None) -> None:
    """Page number and size are at least 1."""
    for make in (list_authorizations, list_captures):
        assert 1 == len(rejected(make, {"page_number": number, "page_size": size}))


@pytest.mark.parametrize("listed", [[{"authorization_id": 1}, {}], []])
@pytest.mark.parametrize("shape", ["array", "object"])
def test_pages(listed: list[object], shape: str) -> None:
    """A page is an array, or an object with one list of any name."""
    beside = {} if shape == "array" else {"total": 2, "lang": "en"}
    body = listed if shape == "array" else {"whatever": listed, **beside}
    page = answered(list_authorizations(), body)

    assert AuthorizationPage(tuple(Authorization(extra=one) for one in listed), beside) == page  # type: ignore[arg-type]
    captures = answered(list_captures(), body)
    assert CapturePage(tuple(Capture(extra=one) for one in listed), beside) == captures  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"a": [], "b": []}, "2 lists instead of one at $"),
        ({"message": "none"}, "0 lists instead of one at $"),
        ("text", "str instead of a list at $"),
        ({"list": [{"message": "x"}, 5]}, "int instead of an object at $.list[1]"),
    ],
    ids=map(str, range(4)),
)
def test_malformed_pages(body: object, told: str) -> None:
    """Anything but a page is an error that names the place."""
    error = read(list_authorizations(), body)

    assert isinstance(error, MalformedAnswer)
    assert told in str(error)


def test_version() -> None:
    """The version is the documented one, unless the caller chooses another."""
    for call in (list_authorizations(), list_captures()):
        assert ("v2.5.1", False) == (call.version, call.fixed_version)
        assert "/v2.6/" in sent(call.at_version("v2.6"))["url"]


def test_language() -> None:
    """The language of the answer is English or French."""
    assert ["lang"] == [error.param for error in rejected(list_authorizations, {"lang": "de"})]


def test_codes() -> None:
    """The codes of lists are UNKNOWN: each has the class of its status."""
    for call in (list_authorizations(), list_captures()):
        assert "NotFound" == error_kind(call, 404, "not_found")
        assert "WrongInputs" == error_kind(call, 409, "wrong_inputs")
        assert "Conflict" == error_kind(call, 409, "a_code_of_tomorrow")
