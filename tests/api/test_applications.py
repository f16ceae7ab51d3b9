"""apply: a body with the data of widget/init, and no invented names."""

import copy
import json
from typing import Any

import pytest

from flexiti_async.api.applications import Application, application_body, apply
from flexiti_async.api.widget import AccountTypePlace, ApplyWidget, init_widget
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .test_widget_body import APPLICANT, PERSON, WHO
from .wire import SESSION, answered, codes, error_kind, rejected, sample, sent

WIDGET = ApplyWidget(**APPLICANT)
BODY = application_body(WIDGET, SESSION)


def test_wire() -> None:
    """The call has the data of widget/init and its session, and is never repeated automatically."""
    call = apply(BODY)

    assert sample("application") == sent(call)
    assert (Scope.CUSTOMER, Replay.NEVER) == (call.scope, call.replay)


def test_version() -> None:
    """The portal does not document the version: v2.5, or the caller's choice."""
    assert "v2.5" == apply({}).version
    assert "/v2.5.1/" in sent(apply({}).at_version("v2.5.1"))["url"]


@pytest.mark.parametrize("place", [AccountTypePlace.NESTED, AccountTypePlace.TOP_LEVEL])
def test_the_same_as_before(place: AccountTypePlace) -> None:
    """Apart from flow, language and session the body is that of widget/init, byte for byte."""
    given: dict[str, Any] = {**APPLICANT, "address_2": "Apt 5", "account_type": "business"}
    widget = ApplyWidget(**given)
    told = json.loads(encode(init_widget(widget, account_type_place=place).body))
    body = json.loads(encode(application_body(widget, SESSION, account_type_place=place)))

    assert {name: told[name] for name in told if name not in {"flow", "lang"}} == {
        name: body[name] for name in body if name != "widget_session_id"
    }
    assert SESSION == body["widget_session_id"]


MORE: dict[str, Any] = {
    "monthly_income": 5000,
    "customer_identification": {"personal_information": {"middle_name": "A-RR_L"}},
    "lang": "fr",
}


def test_further_fields() -> None:
    """Further fields are merged, also into nested objects."""
    body: Any = application_body(WIDGET, SESSION, more=MORE)
    person = body["customer_identification"]["personal_information"]

    assert (5000, "fr") == (body["monthly_income"], body["lang"])
    assert ("John", "A-RR_L") == (person["first_name"], person["middle_name"])


def test_nothing_is_changed_in_place() -> None:
    """Neither the given fields nor the next body are changed."""
    before = copy.deepcopy(MORE)
    application_body(WIDGET, SESSION, more=MORE)

    assert before == MORE
    assert sample("application")["body"] == sent(apply(application_body(WIDGET, SESSION)))["body"]


def test_equal_values_are_accepted() -> None:
    """A field that equals the widget's is accepted."""
    more = {"email": APPLICANT["email"], "customer_identification": {"account_type": "consumer"}}

    body = application_body(WIDGET, SESSION, more=more, account_type_place="nested")

    assert application_body(WIDGET, SESSION, account_type_place="nested") == body


@pytest.mark.parametrize(
    ("more", "params"),
    [
        ({"email": "other@email.com"}, ["email"]),
        ({"widget_session_id": "another"}, ["widget_session_id"]),
        ({"tos_agreement": False}, ["tos_agreement"]),
        ({"customer_identification": None}, ["customer_identification"]),
        ({WHO: {"account_type": "business"}}, [f"{WHO}.account_type"]),
        (
            {WHO: {"personal_information": {"first_name": "Jon", "dob": "1988-07-25"}}},
            [f"{PERSON}.first_name", f"{PERSON}.dob"],
        ),
    ],
    ids=map(str, range(6)),
)
def test_contradictions(more: dict[str, object], params: list[str]) -> None:
    """Fields that differ from the widget's are rejected, all of them together."""
    given = {
        "widget": WIDGET,
        "widget_session_id": SESSION,
        "more": more,
        "account_type_place": "nested",
    }
    field_errors = rejected(application_body, given)

    assert [(param, "invalid") for param in params] == [
        (one.param, one.msg) for one in field_errors
    ]


@pytest.mark.parametrize("session_id", ["", None])
def test_session(session_id: str | None) -> None:
    """The widget session is required."""
    given = {"widget": WIDGET, "widget_session_id": session_id}

    assert (FieldError("widget_session_id", "required"),) == rejected(application_body, given)


@pytest.mark.parametrize(
    ("agreed", "shown"),
    [(False, "false"), ("true", "4 characters"), (None, "none"), (1, "number of 1 digit")],
)
def test_agreement(agreed: object, shown: str) -> None:
    """A body that denies the agreement is rejected; one without it is accepted."""
    error = FieldError("tos_agreement", "invalid", shown)

    assert (error,) == rejected(apply, {"body": {**BODY, "tos_agreement": agreed}})
    assert {"a": 1} == apply({"a": 1}).body


def test_nothing_personal_is_shown() -> None:
    """Neither the call nor an error and its frames show the applicant's data."""
    canaries = ("John", "Smith", "1988-07-24", "m1m1m1", "john@email.com", "other@email.com")
    with pytest.raises(ValueError, match="email: invalid") as caught:
        application_body(WIDGET, SESSION, more={"email": "other@email.com"})
    with pytest.raises(ValueError, match="tos_agreement: invalid") as also:
        apply({**BODY, "tos_agreement": False})

    assert not [canary for canary in canaries if canary in repr(apply(BODY))]
    assert [] == sightings(caught.value, *canaries)
    assert [] == sightings(also.value, *canaries)


CODES = codes("""
400 general_error BadRequest
409 invalid_role InvalidRole
409 application_create_error ApplicationNotCreated
409 tos_agreement_required AgreementRequired
409 customer_already_exists CustomerExists
409 not_verified NotVerified
409 external_location_id_not_found LocationNotFound
409 account_type_not_permitted NotPermitted
409 wrong_inputs WrongInputs
409 application_declined ApplicationDeclined
409 application_declined_2 ApplicationDeclined
409 application_declined_3 ApplicationDeclined
409 application_marked_pending_1 ApplicationPending
409 application_marked_pending_2 ApplicationPending
409 a_code_of_tomorrow Conflict
""")


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_codes(status: int, code: str, kind: str) -> None:
    """Each documented code has its class, and an unknown one the class of its status."""
    assert kind == error_kind(apply(BODY), status, code)


@pytest.mark.parametrize("body", [{}, {"result": "approved", "account_number": 10000001}])
def test_answer(body: dict[str, object]) -> None:
    """The undocumented answer is kept as received, and is not in the repr."""
    result = answered(apply(BODY), body)

    assert Application(body) == result
    assert "Application(replayed=False)" == repr(result)
