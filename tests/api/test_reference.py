"""i18n, terms-and-conditions and information: what is known is sent, what comes is kept."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.reference import (
    I18nMethod,
    ReferenceData,
    i18n,
    information,
    terms_and_conditions,
)
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from .wire import answered, codes, error_kind, refused, sample, sent


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
    """Each call is what is known of it, with a customer's token."""
    assert sample(name) == sent(call)
    assert (Scope.CUSTOMER, replay) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("get", "GET"), ("post", "POST"), (I18nMethod.GET, "GET")],
    ids=["get", "post", "enum"],
)
def test_method(method: I18nMethod | str, expected: str) -> None:
    """The method of i18n can be chosen, as the portal's pages differ."""
    assert expected == sent(i18n(method=method))["method"]


def test_no_other_method() -> None:
    """There is no third method."""
    with pytest.raises(ValueError, match="put"):
        i18n(method="put")


@pytest.mark.parametrize(
    ("key", "segment"),
    [("province", "province"), ("a/b c", "a%2Fb%20c"), ("é", "%C3%A9")],
)
def test_key(key: str, segment: str) -> None:
    """A key becomes one segment of the path, whatever stands in it."""
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
    """The language and whatever Flexiti has told the shop of go into the query."""
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
def test_refuses(given: dict[str, Any], expected: tuple[str, str]) -> None:
    """A language that there is not, and an endless key, are refused."""
    (fault,) = refused(i18n, given)

    assert expected == (fault.param, fault.msg)


@pytest.mark.parametrize("key", [".", ".."])
def test_dots_are_no_key(key: str) -> None:
    """A dot segment would climb out of the path."""
    with pytest.raises(ValueError, match="dot segment"):
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
    """An answer is kept as it came; if it is an object, its fields are at hand."""
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
    """Each documented error of i18n is its class, and a new code is kept."""
    assert expected == error_kind(i18n(), status, code)


@pytest.mark.parametrize(
    "call",
    [i18n(version="v3"), terms_and_conditions(version="v3"), information(version="v3")],
    ids=["i18n", "terms", "information"],
)
def test_version(call: Call[object]) -> None:
    """The version, which is inferred, can be chosen."""
    assert "/v3/" in sent(call)["url"]
