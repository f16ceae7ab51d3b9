"""widget/init, the answer: the URL, its parameters, and rejected URLs."""

import copy
import json
import pickle

import pytest

from flexiti_async.api.widget import PurchaseWidget, Widget, init_widget
from flexiti_async.errors import ApiError, MalformedAnswer
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.secret import Secret

CALL = init_widget(PurchaseWidget(account_number=20009100))
TOKEN = "canary0123456789abcdef0123456789abcdef01"
FRONT = f"https://posapi.example/#/widget/shop/{TOKEN}"
FULL = f"{FRONT}?lang=fr&x-reference-id=0123-abcd&widget_session_id=session-1"


def read(body: object) -> Widget | ApiError:
    """Read a successful answer."""
    return read_answer(CALL, HttpResponse(200, {}, json.dumps(body).encode()), "ref-1")


def widget(url: str, /, **more: object) -> Widget:
    """Read an answer with a URL."""
    result = read({"redirection_url": url, **more})
    assert isinstance(result, Widget)
    return result


@pytest.mark.parametrize(
    ("url", "session_id", "reference_id", "language"),
    [
        (FULL, "session-1", "0123-abcd", "fr"),
        (f"{FRONT}?lang=en", None, None, "en"),
        (f"{FRONT}?widget_session_id=s", "s", None, None),
        (f"{FRONT}?x-reference-id=r", None, "r", None),
        (FRONT, None, None, None),
        (f"{FRONT}?", None, None, None),
        (f"{FRONT}?lang=&x-reference-id=", None, None, None),
        (f"{FRONT}?widget_session_id=a%2Fb%20c", "a/b c", None, None),
        (f"{FRONT}?widget_session_id=first&widget_session_id=second", "first", None, None),
        (f"{FRONT}?a=b?lang=fr&lang=en", None, None, "en"),
        ("https://posapi.example/page?lang=fr", None, None, None),
        ("http://127.0.0.1:8080/#/widget/shop/t?lang=en", None, None, "en"),
    ],
    ids=map(str, range(12)),
)
def test_url(
    url: str, session_id: str | None, reference_id: str | None, language: str | None
) -> None:
    """The query inside the fragment is read; each of its parts is optional."""
    result = widget(url)

    assert url == result.redirection_url
    assert (session_id, reference_id, language) == (
        result.session_id,
        result.reference_id,
        result.language,
    )


@pytest.mark.parametrize(
    ("url", "expected"), [(FULL, "0123-abcd"), (FRONT, "sent"), (f"{FRONT}?lang=en", "sent")]
)
def test_reference_id(url: str, expected: str) -> None:
    """The reference id is the URL's, or else the one sent."""
    assert expected == Widget(Secret(url), sent_reference_id="sent").reference_id


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            FULL,
            FULL.replace(TOKEN, "****").replace("session-1", "****"),
        ),
        (FRONT, "https://posapi.example/#/widget/shop/****"),
        (f"https://posapi.example/#/new/{TOKEN}", "https://posapi.example/****"),
        (f"https://posapi.example/page?token={TOKEN}", "https://posapi.example/****"),
    ],
)
def test_masked_url(url: str, expected: str) -> None:
    """The masked URL has no token in it."""
    assert expected == widget(url).masked_url


def test_unknown_fields_are_kept() -> None:
    """New fields beside the URL are kept as received."""
    result = widget(FULL, masked_email="j***@email.com", options={"a": [1]})

    assert {"masked_email": "j***@email.com", "options": {"a": [1]}} == result.extra


def test_the_answer_cannot_name_the_reference_id() -> None:
    """A field of the answer with the name of an attribute is an unknown field."""
    result = widget(FRONT, sent_reference_id="theirs", url="theirs", extra="theirs")

    assert result.reference_id is None
    assert {"sent_reference_id", "url", "extra"} == set(result.extra)


NO_SCHEME = "has no scheme: it must begin with https:// or http://"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "is empty"),
        ("canary", NO_SCHEME),
        ("posapi.example/#/widget/shop/canary", NO_SCHEME),
        ("posapi.example:8443/#/widget/shop/canary?next=https://x", NO_SCHEME),
        ("/page#canary", NO_SCHEME),
        ("//posapi.example/canary", NO_SCHEME),
        ("javascript:alert('canary')", NO_SCHEME),
        ("data:text/html,canary", NO_SCHEME),
        ("https:canary", NO_SCHEME),
        ("ftp://posapi.example/canary", "has another scheme than https and http"),
        ("httpsx://canary", "has another scheme than https and http"),
        (" https://posapi.example/canary", "has blanks or control characters in it"),
        ("https://posapi.example/canary\x00", "has blanks or control characters in it"),
        ("https://posapi.example/canar\u00ffy", "has characters beyond ASCII in it"),
        ("https:///canary", "has no host"),
        ("https://", "has no host"),
        ("https://posapi.example/canary" + "x" * 9000, "has more than 8,192 characters"),
    ],
)
def test_urls_that_are_not_http(url: str, problem: str) -> None:
    """The error says what is wrong with the URL, and does not show it."""
    error = read({"redirection_url": url})

    assert isinstance(error, MalformedAnswer)
    assert f"the answer is malformed: redirection_url {problem}" == error.message
    assert (200, "ref-1", "widget/init") == (error.status, error.reference_id, error.endpoint)
    assert "canary" not in f"{error} {error!r} {vars(error)}"


def test_repr_shows_no_token() -> None:
    """The repr has the ids, and no URL, token or unknown fields."""
    result = widget(FULL, more=TOKEN)

    assert "Widget(reference_id='0123-abcd', language='fr')" == repr(result)
    assert TOKEN not in f"{result} {result!r} {result:}"


def test_is_not_pickled() -> None:
    """A Widget holds a token: it can be copied, and not pickled."""
    result = widget(FULL)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(result)

    assert result == copy.copy(result) == copy.deepcopy(result)
