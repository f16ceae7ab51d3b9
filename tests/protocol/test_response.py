"""`read_answer`: a value or a typed error for every input."""

import json

import pytest
from attrs import evolve, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.merchants import MerchantLogin, merchants_login
from flexiti_async.api.widget import PurchaseWidget, Widget, init_widget
from flexiti_async.errors import (
    ApiError,
    AuthenticationFailure,
    BadRequest,
    Conflict,
    FlexitiError,
    Forbidden,
    GeneralError,
    InsufficientScope,
    InvalidRole,
    MalformedAnswer,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    WrongInputs,
)
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.response import HttpResponse, error_of, read_answer, retry_after
from flexiti_async.protocol.token import Scope

URL = "https://posapi.example/#/widget/shop/AT?lang=en"
CALL = init_widget(PurchaseWidget(account_number=20009100))


@frozen
class _Item:
    name: str
    extra: dict[str, object] = field(factory=dict[str, object])


SCOPE = "Insufficient scope: authorized scope is insufficient"
ITEMS: Call[list[_Item]] = Call("x/list", "GET", "list", Scope.MERCHANT, list[_Item], Replay.SAFE)


def answer(status: int, body: object, **headers: str) -> HttpResponse:
    """Build an answer from bytes, or from a value to encode as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, named, content)


def error_for(status: int, body: object, **headers: str) -> ApiError:
    """Read an answer that is an error."""
    error = read_answer(CALL, answer(status, body, **headers), "ref-1")
    assert isinstance(error, ApiError)
    return error


@pytest.mark.parametrize("status", [200, 201, 299])
def test_value(status: int) -> None:
    """Any 2xx with the documented body is the result of the call."""
    widget = read_answer(CALL, answer(status, {"redirection_url": URL}), "ref-1")

    assert isinstance(widget, Widget)
    assert URL == widget.redirection_url


def test_list() -> None:
    """The result of a call may be a list."""
    items = read_answer(ITEMS, answer(200, [{"name": "a"}, {"name": "b", "c": 1}]), "ref-1")

    assert [_Item("a"), _Item("b", {"c": 1})] == items


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}"])
def test_optional_fields(body: bytes) -> None:
    """An answer with only optional fields may be empty."""
    assert MerchantLogin() == read_answer(merchants_login(), answer(200, body), "ref-1")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "required field missing at $.redirection_url"),
        ({}, "required field missing at $.redirection_url"),
        (
            {"redirection_url": "canary"},
            "redirection_url has no scheme: it must begin with https:// or http://",
        ),
        ([{"redirection_url": URL}], "list instead of an object at $"),
        (b"<html>canary</html>", "not JSON"),
        (b'{"redirection_url": "canary', "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_malformed(body: object, place: str) -> None:
    """A 2xx with a malformed body is MalformedAnswer with the place and without the value."""
    error = error_for(200, body)

    assert MalformedAnswer is type(error)
    assert f"the answer is malformed: {place}" == error.message
    assert (200, "ref-1", "widget/init") == (error.status, error.reference_id, error.endpoint)
    assert "canary" not in f"{error} {error!r} {vars(error)}"
    assert "4111111111" not in f"{error} {error!r} {vars(error)}"


@pytest.mark.parametrize("value", [None, 4111111111, True, ["canary"], {"a": "canary"}])
def test_wrong_type(value: object) -> None:
    """A redirection_url that is not a text is MalformedAnswer with its type, not its value."""
    error = error_for(200, {"redirection_url": value})

    assert MalformedAnswer is type(error)
    assert f"{type(value).__name__} instead of str" in str(error)
    assert "canary" not in f"{error} {error!r} {vars(error)}"
    assert "4111111111" not in f"{error} {error!r} {vars(error)}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, MalformedAnswer),
        (199, MalformedAnswer),
        (300, MalformedAnswer),
        (302, MalformedAnswer),
        (400, BadRequest),
        (401, Unauthorized),
        (402, BadRequest),
        (403, Forbidden),
        (404, NotFound),
        (405, BadRequest),
        (409, Conflict),
        (429, Throttled),
        (464, BadRequest),
        (465, Forbidden),
        (466, Forbidden),
        (467, Forbidden),
        (468, BadRequest),
        (499, BadRequest),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
        (599, ServerError),
        (600, MalformedAnswer),
        (999, MalformedAnswer),
    ],
)
def test_statuses(status: int, expected: type[ApiError]) -> None:
    """Each status has its class, whether its body is the API's, a foreign one or none."""
    for body in (b"", b"<html>blocked</html>", b"[]", b'{"error": "new_code"}'):
        error = error_for(status, body)

        assert expected is type(error), body
        assert status == error.status
        assert ("new_code" if b"new_code" in body else None) == error.code


@pytest.mark.parametrize(
    ("status", "message"),
    [(302, "unexpected redirect"), (399, "unexpected redirect"), (199, "unexpected status")],
)
def test_undocumented_statuses(status: int, message: str) -> None:
    """An undocumented status is described in the error."""
    assert message == error_for(status, b"").message
    assert "Moved" == error_for(status, {"message": "Moved"}).message


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("wrong_inputs", WrongInputs),
        ("wrong_input", WrongInputs),
        ("invalid_role", InvalidRole),
        ("general_error", GeneralError),
        ("generic_error", GeneralError),
        ("authentication_failure", AuthenticationFailure),
        ("invalid_account", Conflict),
        ("not_found", Conflict),
        ("", Conflict),
        ("WRONG_INPUTS", Conflict),
    ],
)
def test_codes(code: str, expected: type[ApiError]) -> None:
    """Codes that a caller handles have classes; unknown ones are kept in a plain Conflict."""
    error = error_for(409, {"error": code, "message": "No!"})

    assert expected is type(error)
    assert (code, "No!") == (error.code, error.message)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_codes_count_with_409_only(status: int) -> None:
    """The code does not change the class of another status, and is kept."""
    error = error_for(status, {"error": "wrong_inputs"})

    assert not isinstance(error, Conflict)
    assert "wrong_inputs" == error.code


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (403, "Insufficient scope: authorized scope is insufficient", InsufficientScope),
        (403, "INSUFFICIENT SCOPE", InsufficientScope),
        (403, "no scope for you", Forbidden),
        (466, "Insufficient scope", Forbidden),
        (401, "Insufficient scope", Unauthorized),
    ],
)
def test_insufficient_scope(status: int, message: str, expected: type[ApiError]) -> None:
    """The 403 of a wrong scope is recognised by its text (spec section 2.3)."""
    assert expected is type(error_for(status, {"message": message}))


@pytest.mark.parametrize("text", [SCOPE, SCOPE.upper(), "insufficient_scope"])
@pytest.mark.parametrize("name", ["error", "message", "error_description"])
def test_insufficient_scope_as_code_or_message(name: str, text: str) -> None:
    """The portal has the text in the column of codes, so it may come as either (section 9)."""
    error = error_for(403, {"error": "forbidden", name: text, "url": "/x"})

    assert InsufficientScope is type(error)
    assert Forbidden is type(error_for(465, {name: text}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("86401", 86_400.0),
        ("9999999999", 86_400.0),
        ("99999999999", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after(text: str, expected: float | None) -> None:
    """Seconds are accepted, at most a day; anything else counts as missing."""
    assert expected == retry_after({"retry-after": text})


def test_no_retry_after() -> None:
    """Without the header, `retry_after` returns None."""
    assert retry_after({}) is None


def test_error_of_needs_no_call() -> None:
    """The token endpoint's errors are read by the same function."""
    error = error_of(answer(400, {"error": "invalid_client"}), reference_id="r", endpoint="x")

    assert isinstance(error, BadRequest)
    assert "HTTP 400 invalid_client (x, reference id r)" == str(error)


CONTROL = {chr(code) for code in (*range(32), *range(127, 160))}
NAMES = sorted(
    {"redirection_url", "error", "message", "url", "field_errors", "error_fields"}
    | {"param", "msg", "value", "merchant_id", "form_values", "extra", "name"}
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from([URL, "wrong_inputs", "http://", "https://[/#?x=%ff&x=%00"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
bodies = st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode())


@given(
    st.sampled_from([CALL, merchants_login(), ITEMS]),
    st.integers(min_value=100, max_value=999) | st.sampled_from([200, 403, 409, 429]),
    st.dictionaries(st.just("retry-after") | st.text(max_size=9), st.text(max_size=12)),
    bodies,
)
def test_total(call: Call[object], status: int, headers: dict[str, str], body: bytes) -> None:
    """Every answer is a value or a FlexitiError, and both can be shown."""
    result = read_answer(call, HttpResponse(status, headers, body), "ref-1")
    shown = f"{result} {result!r}"

    assert (200 <= status < 300) or isinstance(result, ApiError)
    assert not isinstance(result, FlexitiError) or ("ref-1" in shown and not CONTROL & {*shown})


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"message":' * 50_000,
        b"1" * 10_000,
        b'{"field_errors":[{"param":"a","value":' + b"9" * 4_000 + b"}]}",
        b'{"field_errors":[{"param":"a","value":' + b"9" * 10_000 + b"}]}",
        b'{"field_errors":[{"param":"a","value":1e999999999999999999999}]}',
        b'{"message":"' + b"a@" * 100_000 + b'"}',
        b'{"message":"\\ud800"}',
        b'{"redirection_url":"\\u0000"}',
    ],
)
@pytest.mark.parametrize("status", [200, 409])
def test_total_on_hostile_bodies(status: int, body: bytes) -> None:
    """Bodies that break parsers are errors like any other."""
    assert isinstance(read_answer(CALL, HttpResponse(status, {}, body), "r"), ApiError)


def test_reprs_of_answers_hide_the_body() -> None:
    """A raw answer shows its status only."""
    shown = repr(evolve(answer(200, {"a": "canary"}), headers={"set-cookie": "canary"}))

    assert "200" in shown
    assert "canary" not in shown
