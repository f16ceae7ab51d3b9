"""verify and close: requests, rejected data and answers."""

from typing import Any

import pytest

from flexiti_async.api.accounts import (
    ClosedAccount,
    Verification,
    VerificationFormat,
    close,
    verify,
)
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import answered, codes, error_kind, read, rejected, sample, sent

GOOD: dict[str, Any] = {"account_number": 10000001, "request_id": "request-1"}
QUESTION: dict[str, Any] = {
    **GOOD,
    "format": "security_question",
    "security_qid": 12345,
    "security_answer": "Rover",
}


def test_verify_on_the_wire() -> None:
    """A verification is the portal's request, and is never repeated automatically."""
    call = verify(**QUESTION, vcc_number="1070 0152 1036 7982")

    assert sample("verify") == sent(call)
    assert (Scope.MERCHANT, Replay.NEVER) == (call.scope, call.replay)


def test_verify_by_default() -> None:
    """The default format is a text message."""
    assert {"format": "sms", "request_id": "request-1"} == sent(verify(**GOOD))["body"]


@pytest.mark.parametrize("given", list(VerificationFormat))
def test_formats(given: VerificationFormat) -> None:
    """Each of the five formats is sent as the API's word."""
    assert given.value == sent(verify(**{**QUESTION, "format": given}))["body"]["format"]


def test_five_formats() -> None:
    """The formats are the portal's five."""
    assert "sms email merchant_override security_question regular_purchase_bypass" == " ".join(
        VerificationFormat
    )


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("request_id", "x" * 150, "x" * 150),
        ("security_qid", 99999, 99999),
        ("security_qid", "00012", 12),
        ("security_answer", "x" * 50, "x" * 50),
        ("security_answer", Secret("Médor"), "Médor"),
        ("vcc_number", "1" * 16, "1" * 16),
    ],
    ids=map(str, range(6)),
)
def test_verify_accepts(name: str, given: object, expected: object) -> None:
    """The longest values that the table allows are sent."""
    fields: dict[str, Any] = {**QUESTION, name: given}

    assert expected == sent(verify(**fields))["body"][name]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"account_number": ""}, [("account_number", "required")]),
        ({"account_number": None}, [("account_number", "required")]),
        ({"account_number": "1" * 15}, [("account_number", "length")]),
        ({"account_number": "../x"}, [("account_number", "wrong format")]),
        ({"account_number": 5.0}, [("account_number", "wrong format")]),
        ({"request_id": ""}, [("request_id", "required")]),
        ({"request_id": "x" * 151}, [("request_id", "length")]),
        ({"format": "carrier_pigeon"}, [("format", "invalid")]),
        ({"format": None}, [("format", "required")]),
        ({"vcc_number": "1" * 17}, [("vcc_number", "length")]),
        (
            {"format": "security_question"},
            [("security_qid", "required"), ("security_answer", "required")],
        ),
        (
            {"format": "security_question", "security_qid": 1, "security_answer": ""},
            [("security_answer", "required")],
        ),
        ({**QUESTION, "security_qid": 100000}, [("security_qid", "length")]),
        ({**QUESTION, "security_qid": "x"}, [("security_qid", "wrong format")]),
        ({**QUESTION, "security_answer": "x" * 51}, [("security_answer", "length")]),
        ({**QUESTION, "security_answer": 5}, [("security_answer", "wrong format")]),
    ],
    ids=map(str, range(16)),
)
def test_verify_rejects(given: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Invalid and missing values are reported before anything is sent."""
    field_errors = rejected(verify, {**GOOD, **given})

    assert expected == [(error.param, error.msg) for error in field_errors]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"verification_code": 1234}, "1234"),
        ({"verification_code": "0042"}, "0042"),
        ({"verification_code": "12345678"}, "12345678"),
        ({"verification_code": "verification_sent_to_sms"}, None),
        ({"verification_code": "verification_sent_to_pigeon"}, None),
        ({}, None),
    ],
    ids=map(str, range(6)),
)
def test_verify_answer(given: dict[str, object], code: str | None) -> None:
    """The code is read as number or text; `verification_sent_to_sms` is not a code."""
    assert code == answered(verify(**GOOD), given).code


def test_verify_answers_are_open() -> None:
    """Fields that this release does not know are kept."""
    expected = Verification(verification_code="1", extra={"x": 1})  # type: ignore[arg-type]

    assert expected == answered(verify(**GOOD), {"verification_code": 1, "x": 1})


def test_verify_malformed() -> None:
    """Anything but an object is malformed; a code that cannot be read is none."""
    assert isinstance(read(verify(**GOOD), []), MalformedAnswer)
    assert None is answered(verify(**GOOD), {"verification_code": 1.5}).code
    assert "1234" == answered(verify(**GOOD), {"verification_code": 1234.0}).code


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    codes("""
        400 sms_not_valid_phone PhoneNotReachable
        400 brand_new BadRequest
        403 forbidden Forbidden
        404 not_found NotFound
        409 invalid_role InvalidRole
        409 merchant_override_is_not_allowed NotPermitted
        409 regular_purchase_bypass_is_not_allowed NotPermitted
        409 piw_mismatch WrongVerification
        409 secret_answer_mismatch WrongVerification
        409 wrong_inputs WrongInputs
        409 tries_exceed TriesExceeded
        409 brand_new Conflict
    """),
)
def test_verify_errors(status: int, code: str, expected: str) -> None:
    """Each documented error of verify has its class, and an unknown code is kept."""
    assert expected == error_kind(verify(**GOOD), status, code)


def test_close_on_the_wire() -> None:
    """Close is the portal's request without a body, and is never repeated automatically."""
    call = close("10000001")

    assert sample("close") == sent(call)
    assert (Scope.CUSTOMER, Replay.NEVER) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("given", "expected"), [({}, ClosedAccount()), ({"x": 1}, ClosedAccount(extra={"x": 1}))]
)
def test_close_answer(given: object, expected: ClosedAccount) -> None:
    """The answer is an empty object, or any other."""
    assert expected == answered(close(1), given)


@pytest.mark.parametrize(
    ("given", "msg"), [("", "required"), ("x", "wrong format"), (True, "wrong format")]
)
def test_close_rejects(given: object, msg: str) -> None:
    """An account number must be digits."""
    (error,) = rejected(close, {"account_number": given})

    assert ("account_number", msg) == (error.param, error.msg)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    codes("""
        403 forbidden Forbidden
        404 not_found NotFound
        409 brand_new Conflict
    """),
)
def test_close_errors(status: int, code: str, expected: str) -> None:
    """Each documented error of close has its class, and an unknown code is kept."""
    assert expected == error_kind(close(1), status, code)


@pytest.mark.parametrize("call", [verify(**GOOD), close(1)], ids=["verify", "close"])
def test_version(call: Call[object]) -> None:
    """The version is v2.5, and `at_version` changes it."""
    assert "/v2.5/" in sent(call)["url"]
    assert "/v3/" in sent(call.at_version("v3"))["url"]


def test_nothing_personal_shows() -> None:
    """No call, answer or error shows the number, the answer or the code."""
    canary = "4111111111111111"
    with pytest.raises(ValueError, match="length") as caught:
        verify(canary, request_id="r", security_answer=canary * 9)
    call = verify(1, request_id="r", vcc_number=canary, security_answer=canary)
    answer = Verification(verification_code=canary)  # type: ignore[arg-type]

    assert [] == sightings(caught.value, canary)
    assert canary not in f"{call} {call.body} {answer}"
