"""i18n, terms-and-conditions and information: requests, and answers kept as received."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.endpoints import I18nMethodWord
from flexiti_async.api.reference import (
    I18nMethod,
    ReferenceData,
    i18n,
    information,
    terms_and_conditions,
)
from flexiti_async.errors import ValidationError
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from .wire import answered, codes, error_kind, rejected, sample, sent


@pytest.mark.parametrize(
    ("call", "name", "replay"),
    [
        (i18n(), "i18n", Replay.SAFE),
        (terms_and_conditions(), "terms_and_conditions", Replay.SAFE),
        (information(), "information", Replay.NEVER),
    ],
    ids=["i18n", "terms", "information"],
)
def test_on_the_wire(call: Call[object], name: str, replay: Replay) -> None:
    """Each call has its known parts, with a customer token."""
    assert sample(name) == sent(call)
    assert (Scope.CUSTOMER, replay) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("get", "GET"), ("post", "POST"), (I18nMethod.GET, "GET")],
    ids=["get", "post", "enum"],
)
def test_method(method: I18nMethod | I18nMethodWord, expected: str) -> None:
    """The method of i18n can be chosen, as the portal's pages differ."""
    assert expected == sent(i18n(method=method))["method"]


def test_no_other_method() -> None:
    """A third method is rejected."""
    with pytest.raises(ValidationError, match="method"):
        i18n(method="put")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("key", "segment"),
    [("province", "province"), ("a/b c", "a%2Fb%20c"), ("é", "%C3%A9")],
)
def test_key(key: str, segment: str) -> None:
    """A key of any content is one segment of the path."""
    url = sent(i18n(key))["url"]

    assert url.endswith(f"/i18n/{key}")
    assert segment == str(_url(i18n(key))).rpartition("/")[2].partition("?")[0]


def _url(call: Call[object]) -> object:
    return RequestBuilder("https://h", "shop").call(call, Secret("t"), "r").url


@pytest.mark.parametrize(
    "call",
    [
        i18n(lang="fr", query={"province": "QC"}),
        terms_and_conditions(lang="fr", query={"province": "QC"}),
    ],
    ids=["i18n", "terms"],
)
def test_query(call: Call[object]) -> None:
    """The language and the shop's parameters are in the query."""
    assert {"lang": "fr", "province": "QC"} == sent(call)["query"]


def test_query_wins() -> None:
    """A query parameter of the shop's replaces ours."""
    assert {"lang": "fr-CA"} == sent(terms_and_conditions(query={"lang": "fr-CA"}))["query"]


def test_information_with_a_body() -> None:
    """Body and query of information are the shop's."""
    request = sent(information({"a": Decimal("1.5")}, query={"b": "c"}))

    assert ({"a": Decimal("1.5")}, {"b": "c"}) == (request["body"], request["query"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"lang": "de"}, ("lang", "invalid")), ({"key": "x" * 201}, ("key", "length"))],
    ids=["language", "key"],
)
def test_rejects(given: dict[str, Any], expected: tuple[str, str]) -> None:
    """An unknown language and an endless key are rejected."""
    (error,) = rejected(i18n, given)

    assert expected == (error.param, error.msg)


@pytest.mark.parametrize("key", [".", ".."])
def test_dot_segments(key: str) -> None:
    """A dot segment is rejected: it would leave the path."""
    with pytest.raises(ValidationError, match="key: invalid"):
        sent(i18n(key))


ANSWERS: list[tuple[object, set[str]]] = [
    ({"province": [{"id": "ON"}], "rate": Decimal("0.5")}, {"province", "rate"}),
    ({}, set()),
    ([1, "x"], set()),
    ("text", set()),
    (None, set()),
]


@pytest.mark.parametrize(("given", "fields"), ANSWERS, ids=map(str, range(len(ANSWERS))))
def test_answers_of_any_shape(given: object, fields: set[str]) -> None:
    """An answer is kept as received; `fields` has those of an object."""
    plain = {"province": [{"id": "ON"}], "rate": 0.5} if fields else given
    answer = answered(i18n(), plain)

    assert ReferenceData(given) == answer
    assert fields == set(answer.fields)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    codes("""
        409 general_error GeneralError
        409 invalid_role InvalidRole
        409 wrong_inputs WrongInputs
        409 brand_new Conflict
    """),
)
def test_errors(status: int, code: str, expected: str) -> None:
    """Each documented error of i18n has its class, and an unknown code is kept."""
    assert expected == error_kind(i18n(), status, code)


@pytest.mark.parametrize(
    "call",
    [call.at_version("v3") for call in (i18n(), terms_and_conditions(), information())],
    ids=["i18n", "terms", "information"],
)
def test_version(call: Call[object]) -> None:
    """`at_version` changes the version, which is inferred."""
    assert "/v3/" in sent(call)["url"]
