"""Bodies of answers: charsets, marks, comments and what JSON does not have, for every answer."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.captures import Capture, capture
from flexiti_async.errors import CreditExceeded, MalformedAnswer, TokenMisconfigured
from flexiti_async.protocol.body import HttpResponse, body_of
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.oauth import Granted, read_grant
from flexiti_async.protocol.response import read_answer
from flexiti_async.protocol.token import Scope

CALL: Final = capture(1, 1)
ANSWER: Final = {"capture_id": 7, "message": "Montant encaissé", "odd": None}
TOKEN: Final = {"token_type": "bearer", "access_token": "a" * 40, "scope": "customer", "odd": None}
ERROR: Final = {"error": "credit_exceeded", "message": "Montant trop élevé", "odd": None}
REFUSED: Final = {"error": "invalid_client", "error_description": "Secret périmé", "odd": None}
TEXT: Final = json.dumps(ANSWER, ensure_ascii=False)

Form = tuple[str, Any, str]
FORMS: Final[dict[str, Form]] = {
    "BOM": ("{}", "utf-8-sig", ""),
    "two BOMs": ("\ufeff{}", "utf-8-sig", ""),
    "UTF-16 with BOM": ("{}", "utf-16", ""),
    "UTF-16 without": ("{}", "utf-16-le", ""),
    "UTF-16, declared": ("{}", "utf-16-be", "application/json; charset=UTF-16"),
    "UTF-32": ("{}", "utf-32", ""),
    "ISO-8859-1": ("{}", "iso-8859-1", "application/json;charset=ISO-8859-1"),
    "ISO-8859-15": ("{}", "iso-8859-15", 'application/json; charset="iso-8859-15"'),
    "Windows-1252": ("{}", "cp1252", "text/plain; Charset=Windows-1252"),
    "not declared": ("{}", "iso-8859-1", "application/json"),
    "declared as UTF-8": ("{}", "iso-8859-1", "application/json; charset=utf-8"),
    "UTF-8, declared otherwise": ("{}", "utf-8", "application/json; charset=iso-8859-1"),
    "comment after": ("{} <!-- served by web01 in 12 ms -->", "utf-8", ""),
    "comment before": ("<!-- a --><!-- b -->\n{}", "utf-8", ""),
    "C comment": ("/* { */ {} // 5 ms\n// web01", "utf-8", ""),
    "shell comment": ("{}\n# web01", "utf-8", ""),
    "comment in old charset": ("{} <!-- serveur privé -->", "iso-8859-1", ""),
    "comment after a BOM": ("{} <!-- x -->", "utf-8-sig", ""),
}


def answer(form: Form, status: int, body: object) -> HttpResponse:
    """Return an answer in one of the forms."""
    text, charset, declared = form
    content = json.dumps(body, ensure_ascii=False).join(text.split("{}")).encode(charset)
    return HttpResponse(status, {"content-type": declared}, content)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_kind_of_answer_is_read_in_every_form(form: Form) -> None:
    """The answer of a call that moves money, an error, a token and its refusal."""
    done = read_answer(CALL, answer(form, 200, ANSWER), "r")
    refused = read_answer(CALL, answer(form, 409, ERROR), "r")
    granted, failed = (
        read_grant(answer(form, *of), reference_id="r", scope=Scope.CUSTOMER, refreshing=False)
        for of in ((200, TOKEN), (400, REFUSED))
    )

    assert Capture("Montant encaissé", {"capture_id": 7, "odd": None}) == done
    assert isinstance(refused, CreditExceeded)
    assert "Montant trop élevé" == refused.message
    assert isinstance(granted, Granted)
    assert isinstance(failed, TokenMisconfigured)
    assert ("invalid_client", "Secret périmé") == (failed.code, failed.description)


@pytest.mark.parametrize("charset", ["ISO-8859-15", "Windows-1252", "windows-1250"])
def test_the_charset_of_the_header_is_used(charset: str) -> None:
    """The same byte is another character in each: œ, €, and those of other languages."""
    said = bytes([0xBD, 0x8C, 0xA4]).decode(charset)
    headers = {"content-type": f"application/json; charset={charset}"}
    body = json.dumps({"said": said}, ensure_ascii=False).encode(charset)

    assert {"said": said} == body_of(HttpResponse(200, headers, body))


@pytest.mark.parametrize("word", ["NaN", "-NaN", "Infinity", "-Infinity", "nan", "-inf"])
def test_a_number_that_json_does_not_have_is_null(word: str) -> None:
    """In answers, errors and tokens; a text of the same letters stays."""
    texts = [json.dumps({**one, "said": "NaN // 1"}) for one in (ANSWER, ERROR, TOKEN)]
    plain, error, token = (
        HttpResponse(200, {}, text.replace("null", word).encode()) for text in texts
    )
    error.status = 409
    done, refused = read_answer(CALL, plain, "r"), read_answer(CALL, error, "r")
    granted = read_grant(token, reference_id="r", scope=Scope.CUSTOMER, refreshing=False)

    extra = {"capture_id": 7, "odd": None, "said": "NaN // 1"}
    assert Capture("Montant encaissé", extra) == done
    assert isinstance(refused, CreditExceeded)
    assert isinstance(granted, Granted)


def test_texts_that_json_forbids_are_read() -> None:
    """A line feed that is not escaped, and half of a character that was cut."""
    body = b'{"a": "x\ny\x00", "b": "\\ud83d", "c": "\\ud83d\\ude00", "d": "\\\\ud83d\\n"}'

    assert {"a": "x\ny\0", "b": "\ufffd", "c": "\U0001f600", "d": "\\ud83d\n"} == body_of(
        HttpResponse(200, {}, body)
    )


NOT_JSON: Final = [
    f"{TEXT}{TEXT}",
    f"{TEXT} and more",
    f"<html>{TEXT}</html>",
    f"<!-- {TEXT} -->",
    f"{TEXT[:-1]} <!-- cut",
    TEXT[:-3],
    TEXT.replace("null", "undefined"),
    TEXT.replace("7", "7NaN"),
    TEXT.replace('"capture_id"', "'capture_id'"),
    "\\",
]


@pytest.mark.parametrize("text", NOT_JSON, ids=range(len(NOT_JSON)))
def test_nothing_else_is_guessed(text: str) -> None:
    """A body that is cut, two values or a page are malformed, and money's outcome is unknown."""
    error = read_answer(CALL, HttpResponse(200, {}, text.encode()), "r")

    assert isinstance(error, MalformedAnswer)
    assert "the answer is malformed: not JSON" == error.message


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf", "\ufeff ".encode("utf-16")])
def test_an_empty_body_is_an_empty_object(body: bytes) -> None:
    """With a byte order mark, too."""
    assert {} == body_of(HttpResponse(200, {}, body))


@pytest.mark.parametrize("pair", ["[]", '{"a": }'])
def test_a_body_is_nested_64_deep_at_most(pair: str) -> None:
    """However many brackets it has besides."""
    begin, end = pair[:-1], pair[-1]
    wide = "[" + "[], " * 99 + "[]]"
    good, bad = (begin * n + wide + end * n for n in (62, 64))

    assert body_of(HttpResponse(200, {}, good.encode()))
    with pytest.raises(UnfitError, match="nested too deep"):
        body_of(HttpResponse(200, {}, bad.encode()))


@given(st.binary() | st.text(st.sampled_from('"\\{}[]/*<!->#NaIinf \n1u,:d8')).map(str.encode))
def test_any_body_is_json_or_one_error(body: bytes) -> None:
    """Whatever a body is, it is decoded or raises UnfitError."""
    try:
        body_of(HttpResponse(200, {"content-type": "x; charset=iso-8859-12"}, body))
    except UnfitError as error:
        assert error.place in {"not JSON", "nested too deep"}  # noqa: PT017 - either is right
