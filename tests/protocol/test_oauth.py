"""The token request: the form of spec section 2.1, and the class of every answer."""

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import (
    ApiError,
    BadRequest,
    ClockError,
    Conflict,
    Forbidden,
    MalformedAnswer,
    NotFound,
    ServerError,
    Throttled,
    TokenError,
    TokenMisconfigured,
    TokenRejected,
    TokenThrottled,
    TokenUnavailable,
    Unauthorized,
)
from flexiti_async.protocol.oauth import Granted, classify, grant_form, read_grant
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

ACCESS = "canary-AT0123456789abcdef0123456789abcdef01"
REFRESH = "canary-RT0123456789abcdef0123456789abcdef01"
CLIENT_SECRET = "canary&secret=+/% é"
GOOD: dict[str, object] = {
    "token_type": "bearer",
    "access_token": ACCESS,
    "expires_in": 1200,
    "refresh_token": REFRESH,
    "scope": "customer",
}


def answer(
    body: object = None, *, status: int = 200, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Build an answer of the token endpoint."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers or {}, content)


def read(response: HttpResponse, *, refreshing: bool = False) -> Granted | TokenError:
    """Read an answer to a request for a customer token."""
    return read_grant(response, reference_id="ref-1", scope=Scope.CUSTOMER, refreshing=refreshing)


def changed(**changes: object) -> dict[str, object]:
    """Change the valid answer; `...` removes a field."""
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}


@pytest.mark.parametrize("scope", Scope)
def test_client_credentials_form(scope: Scope) -> None:
    """The first grant sends credentials, grant type and scope, all in the form and quoted."""
    form = grant_form(("shop & co", Secret(CLIENT_SECRET)), scope)

    assert [
        ("client_id", "shop & co"),
        ("client_secret", CLIENT_SECRET),
        ("grant_type", "client_credentials"),
        ("scope", scope.value),
    ] == parse_qsl(form.reveal(), strict_parsing=True)


@pytest.mark.parametrize("scope", Scope)
def test_refresh_token_form(scope: Scope) -> None:
    """A refresh sends the refresh token with the credentials, and the scope again."""
    form = grant_form(("shop", Secret(CLIENT_SECRET)), scope, Secret(REFRESH))

    assert {
        "client_id": "shop",
        "client_secret": CLIENT_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": REFRESH,
        "scope": scope.value,
    } == dict(parse_qsl(form.reveal(), strict_parsing=True))


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_secret_fits_into_the_form(text: str) -> None:
    """The form carries a secret of any characters, and is ASCII."""
    form = grant_form(("shop", Secret(text)), Scope.CUSTOMER).reveal()

    assert form.isascii()
    assert text == dict(parse_qsl(form, keep_blank_values=True))["client_secret"]


GRANTED = Granted(Secret(ACCESS), Secret(REFRESH), 1200.0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, GRANTED),
        ({"token_type": "Bearer"}, GRANTED),
        ({"token_type": "BEARER"}, GRANTED),
        ({"scope": ...}, GRANTED),
        ({"scope": None}, GRANTED),
        ({"scope": "CUSTOMER"}, GRANTED),
        ({"refresh_token": ...}, Granted(Secret(ACCESS), None, 1200.0)),
        ({"refresh_token": None}, Granted(Secret(ACCESS), None, 1200.0)),
        ({"refresh_token": ""}, Granted(Secret(ACCESS), None, 1200.0)),
        ({"refresh_token": "canary token"}, Granted(Secret(ACCESS), None, 1200.0)),
        ({"refresh_token": "a" * 4097}, Granted(Secret(ACCESS), None, 1200.0)),
        ({"refresh_token": 5}, Granted(Secret(ACCESS), None, 1200.0)),
        ({"expires_in": 1199.5}, Granted(Secret(ACCESS), Secret(REFRESH), 1199.5)),
        ({"expires_in": "1200"}, GRANTED),
        ({"expires_in": "1200.0"}, GRANTED),
        ({"expires_in": "900.5"}, Granted(Secret(ACCESS), Secret(REFRESH), 900.5)),
        ({"expires_in": ...}, GRANTED),
        ({"expires_in": None}, GRANTED),
        ({"expires_in": ""}, GRANTED),
        ({"scope": ["customer"]}, GRANTED),
        ({"scope": "customer Customer"}, GRANTED),
        ({"scope": []}, GRANTED),
        ({"expires_in": 1}, Granted(Secret(ACCESS), Secret(REFRESH), 1.0)),
        ({"expires_in": 604_801}, Granted(Secret(ACCESS), Secret(REFRESH), 604_800.0)),
        ({"expires_in": "9" * 300}, Granted(Secret(ACCESS), Secret(REFRESH), 604_800.0)),
        ({"access_token": "a-._~+/9=="}, Granted(Secret("a-._~+/9=="), Secret(REFRESH), 1200.0)),
        ({"access_token": "a" * 4096}, Granted(Secret("a" * 4096), Secret(REFRESH), 1200.0)),
        ({"new_field": {"a": [1]}}, GRANTED),
    ],
)
def test_granted(changes: dict[str, object], expected: Granted) -> None:
    """Documented answers, in all their historic spellings, are accepted."""
    assert expected == read(answer(changed(**changes)))


def test_granted_by_a_new_resource() -> None:
    """Some servers answer 201: they have created a token."""
    assert GRANTED == read(answer(GOOD, status=201))


def test_granted_shows_nothing() -> None:
    """The repr of a grant shows no token."""
    assert "canary" not in repr(GRANTED)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"access_token": ...}, "$.access_token"),
        ({"token_type": ...}, "$.token_type"),
        ({"token_type": "mac"}, "token_type"),
        ({"token_type": 5}, "$.token_type"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": 5}, "$.access_token"),
        ({"access_token": None}, "$.access_token"),
        ({"access_token": "canary\r\nx-evil: 1"}, "access_token"),
        ({"access_token": "canary token"}, "access_token"),
        ({"access_token": "canaryé"}, "access_token"),
        ({"access_token": "canary\n"}, "access_token"),
        ({"access_token": "a" * 4097}, "access_token"),
        ({"scope": "merchant"}, "scope"),
        ({"scope": "customer merchant"}, "scope"),
        ({"scope": ["customer", "merchant"]}, "scope"),
        ({"scope": [["customer"]]}, "scope"),
        ({"scope": {"customer": 1}}, "scope"),
        ({"scope": 5}, "scope"),
        ({"expires_in": "1.2.3"}, "expires_in"),
        ({"expires_in": "1e3"}, "expires_in"),
        ({"expires_in": " 1200"}, "expires_in"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"expires_in": "-5"}, "expires_in"),
        ({"expires_in": "٣"}, "expires_in"),
        ({"expires_in": True}, "expires_in"),
        ({"expires_in": [1200]}, "expires_in"),
    ],
)
def test_malformed(changes: dict[str, object], place: str) -> None:
    """An answer that is not a token is transient, names the place, and shows no value."""
    error = read(answer(changed(**changes)))

    assert TokenUnavailable is type(error)
    assert place in str(error)
    assert "canary" not in f"{error!r} {error} {vars(error)}"
    assert isinstance(error, TokenError)
    assert (200, "ref-1") == (error.status, error.reference_id)


@pytest.mark.parametrize(
    "body", [b"", b"<html>canary</html>", b"[]", b"null", b'"canary"', b"\xff\xfe", b"[" * 9999]
)
def test_no_json_object(body: bytes) -> None:
    """An answer that is not a JSON object is transient."""
    error = read(answer(body))

    assert TokenUnavailable is type(error)
    assert "canary" not in str(error)


@pytest.mark.parametrize("number", ["1e999", "1e99999", "-1e999999999999999999999", "9" * 400])
def test_numbers_that_are_no_seconds(number: str) -> None:
    """A lifetime that is not finite is malformed."""
    body = json.dumps(changed(expires_in=0)).replace('"expires_in": 0', f'"expires_in": {number}')

    assert TokenUnavailable is type(read(answer(body.encode())))


@pytest.mark.parametrize("expires_in", [0, -1, 0.0, "00"])
def test_a_token_that_arrives_expired(expires_in: object) -> None:
    """An expired token points to a wrong clock, and has its own error."""
    error = read(answer(changed(expires_in=expires_in)))

    assert isinstance(error, ClockError)
    assert (200, "ref-1") == (error.status, error.reference_id)


CLASSES: list[tuple[int, bool, str | None, type[TokenError]]] = [
    # status, refreshing, Retry-After, class
    (400, False, None, TokenMisconfigured),
    (400, True, None, TokenRejected),
    (401, False, None, TokenMisconfigured),
    (401, True, None, TokenRejected),
    (403, False, None, TokenMisconfigured),
    (404, False, None, TokenMisconfigured),
    (409, False, None, TokenMisconfigured),
    (409, True, None, TokenRejected),
    (409, True, "5", TokenRejected),
    (466, False, None, TokenMisconfigured),
    (429, False, None, TokenThrottled),
    (429, True, None, TokenThrottled),
    (429, False, "7", TokenThrottled),
    (503, False, None, TokenUnavailable),
    (503, True, None, TokenUnavailable),
    (503, False, "7", TokenThrottled),
    (503, True, "7", TokenThrottled),
    (503, False, "soon", TokenUnavailable),
    (500, False, None, TokenUnavailable),
    (500, False, "7", TokenUnavailable),
    (500, True, None, TokenUnavailable),
    (502, False, None, TokenUnavailable),
    (599, False, None, TokenUnavailable),
    (302, False, None, TokenUnavailable),
    (302, True, None, TokenUnavailable),
    (202, False, None, TokenUnavailable),
    (204, False, None, TokenUnavailable),
    (101, False, None, TokenUnavailable),
    (600, False, None, TokenUnavailable),
]


@pytest.mark.parametrize(("status", "refreshing", "wait", "expected"), CLASSES)
def test_classes(
    status: int, refreshing: bool, wait: str | None, expected: type[TokenError]
) -> None:
    """Each status has its class, and a rejected refresh has its own."""
    headers = {} if wait is None else {"retry-after": wait}
    body = {"error": "invalid_client", "message": "No!"}
    error = read(answer(body, status=status, headers=headers), refreshing=refreshing)

    assert expected is type(error)
    assert isinstance(error, TokenError)
    assert (status, "invalid_client", "ref-1") == (error.status, error.code, error.reference_id)
    assert (None if wait in {None, "soon"} else float(wait or 0)) == error.retry_after
    assert f"HTTP {status} invalid_client: No!" in str(error)
    assert "oauth/token" in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 502])
@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"content-type": "text/html; charset=utf-8"}, "text/html"),
        ({"content-type": "application/json"}, "application/json"),
        ({"content-type": "canary canary"}, "no content type"),
        ({}, "no content type"),
        ({"content-type": "text/html", "server": "squid/5.7"}, "text/html, Server: squid/5.7"),
        ({"server": "\x1b[31mcanary"}, "no content type"),
    ],
)
def test_an_answer_that_is_not_the_apis_own_is_transient(
    status: int, headers: dict[str, str], shown: str
) -> None:
    """A proxy's page says nothing of the credentials."""
    error = read(answer(b"<html>canary</html>", status=status, headers=headers))

    assert TokenUnavailable is type(error)
    assert f"not an answer of the API ({shown})" in str(error)
    assert "canary" not in str(error)


@pytest.mark.parametrize("status", [465, 466, 467])
def test_some_statuses_are_the_apis_own(status: int) -> None:
    """Its rules of access need not answer with JSON."""
    assert TokenMisconfigured is type(read(answer(b"", status=status)))


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        (ServerError, 500, TokenUnavailable),
        (Throttled, 429, TokenThrottled),
        (BadRequest, 400, TokenMisconfigured),
        (Unauthorized, 401, TokenMisconfigured),
        (Forbidden, 465, TokenMisconfigured),
        (NotFound, 404, TokenMisconfigured),
        (Conflict, 409, TokenMisconfigured),
        (MalformedAnswer, 200, TokenUnavailable),
    ],
)
def test_classify_errors_of_other_calls(
    kind: type[ApiError], status: int, expected: type[TokenError]
) -> None:
    """Errors of merchants/login are classified by the same table."""
    error = classify(kind("No!", status=status, code="c"), refreshing=False)

    assert expected is type(error)
    assert (status, "c") == (error.status, error.code)


@given(
    st.integers(min_value=100, max_value=999),
    st.dictionaries(st.just("retry-after"), st.text(max_size=12)),
    st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from(sorted(GOOD)),
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["bearer", "1"]),
    ).map(lambda body: json.dumps(body).encode()),
    st.booleans(),
)
def test_total(status: int, headers: dict[str, str], body: bytes, refreshing: bool) -> None:
    """Any answer is a token with time left, or a TokenError."""
    result = read(HttpResponse(status, headers, body), refreshing=refreshing)

    assert isinstance(result, Granted | TokenError)
    assert isinstance(result, TokenError) or 0 < result.lifetime <= 604_800
