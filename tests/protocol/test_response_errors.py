"""Error bodies: every field is kept, and no personal data are shown."""

from typing import Any

import pytest

from flexiti_async.errors import FieldError

from .test_response import error_for

ENTRY = {"param": "email", "msg": "invalid", "value": "canary@example.com"}


def test_whole_error() -> None:
    """Attributes have everything in an error body, masked, and the caller's data."""
    error = error_for(
        409,
        {
            "url": "/flexiti/pos-api/v2.5/client-id/shop/widget/init",
            "message": "Some inputs are wrong!",
            "error": "wrong_inputs",
            "field_errors": [ENTRY],
        },
        retry_after="3",
    )

    assert (
        "Some inputs are wrong!",
        409,
        "wrong_inputs",
        (FieldError("email", "invalid", "18 characters"),),
        "ref-1",
        "/flexiti/pos-api/v2.5/client-id/shop/widget/init",
        "widget/init",
        3.0,
    ) == (
        error.message,
        error.status,
        error.code,
        error.field_errors,
        error.reference_id,
        error.url,
        error.endpoint,
        error.retry_after,
    )


def masked(param: str = "email", msg: str = "invalid", value: str | None = None) -> FieldError:
    """Build a field error."""
    return FieldError(param, msg, value)


FIELD_ERRORS: list[tuple[dict[str, Any], list[FieldError]]] = [
    ({"field_errors": [ENTRY]}, [masked(value="18 characters")]),
    ({"error_fields": [ENTRY]}, [masked(value="18 characters")]),
    ({"field_errors": [ENTRY], "error_fields": []}, [masked(value="18 characters")]),
    ({"field_errors": []}, []),
    ({"field_errors": None}, []),
    ({"field_errors": None, "error_fields": [ENTRY]}, [masked(value="18 characters")]),
    ({"field_errors": [], "error_fields": [ENTRY]}, [masked(value="18 characters")]),
    ({"field_errors": [None], "error_fields": ENTRY}, [masked(value="18 characters")]),
    ({"field_errors": ENTRY}, [masked(value="18 characters")]),
    ({"field_errors": "no such account"}, [masked("", "no such account")]),
    ({"field_errors": ["no", ""]}, [masked("", "no")]),
    ({"field_errors": {"email": "invalid"}}, [masked()]),
    ({"field_errors": {"email": ["invalid", "length"]}}, [masked(), masked(msg="length")]),
    ({"field_errors": {"email": {"msg": "invalid", "value": "x"}}}, [masked(value="1 character")]),
    ({"field_errors": {"email": ENTRY, "city": {}}}, [masked(value="18 characters")]),
    ({"error_fields": {"person": {"dob": "invalid"}}}, [masked("person.dob")]),
    ({"field_errors": [{"email": "invalid"}, {"city": None}]}, [masked()]),
    ({"field_errors": {"email": True, "value": "x"}}, []),
    ({"field_errors": [{"param": "email", "msg": "invalid"}]}, [masked()]),
    ({"field_errors": [{**ENTRY, "value": None}]}, [masked()]),
    ({"field_errors": [{**ENTRY, "value": False}]}, [masked(value="false")]),
    ({"field_errors": [{**ENTRY, "value": 1231231234}]}, [masked(value="number of 10 digits")]),
    ({"field_errors": [{**ENTRY, "value": 4111.11}]}, [masked(value="Decimal")]),
    ({"field_errors": [{**ENTRY, "value": ["x"]}]}, [masked(value="list")]),
    ({"field_errors": [{"msg": "invalid"}]}, [masked(param="")]),
    ({"field_errors": [{"param": "email"}]}, [masked(msg="")]),
    ({"field_errors": [{"value": "x"}, 7, None, [], ENTRY]}, [masked(value="18 characters")]),
    ({"field_errors": [{"param": 1, "msg": 2}]}, []),
    ({"field_errors": [ENTRY] * 200}, [masked(value="18 characters")] * 100),
    (
        {"field_errors": [{"param": "a@b.ca", "msg": "4111 1111 1111 1111 is taken"}]},
        [masked("****", "**** is taken")],
    ),
]


@pytest.mark.parametrize(("body", "expected"), FIELD_ERRORS)
def test_field_errors(body: dict[str, Any], expected: list[FieldError]) -> None:
    """Both spellings are read, in any shape that names a field, and no value is shown."""
    assert tuple(expected) == error_for(409, {"error": "wrong_inputs", **body}).field_errors


CANARIES = {
    "email": "john.smith+x@example.com",
    "token": "0123456789abcdef0123456789abcdef01234567",
    "card": "4111111111111111",
    "card with spaces": "4111 1111 1111 1111",
    "phone": "(613) 555-0100",
    "dob": "1988-07-24",
}


@pytest.mark.parametrize("what", CANARIES)
@pytest.mark.parametrize("place", ["message", "url"])
def test_personal_data_in_texts(place: str, what: str) -> None:
    """A text of the API that echoes personal data is shown without them."""
    canary = CANARIES[what]
    error = error_for(404, {place: f"There is no {canary}, sorry"})

    assert canary not in f"{error} {error!r} {vars(error)}"
    assert "sorry" in str(getattr(error, place))


def test_texts_do_not_steer_terminals() -> None:
    """Control characters from the API are replaced, and long codes are cut."""
    error = error_for(409, {"error": "a\x1b[2J\n" + "z" * 500, "message": "x\r\ny\x9b"})

    assert "x??y?" == error.message
    assert "a?[2J?" + "z" * 194 + "…" == error.code


@pytest.mark.parametrize("value", [5, None, True, [], {}])
def test_texts_that_are_none(value: object) -> None:
    """A field that is not a text counts as missing."""
    error = error_for(409, {"error": value, "message": value, "url": value})

    assert (None, "", None) == (error.code, error.message, error.url)
