"""Events of the widget: any data from a browser are a typed event or one typed error."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.common import AccountType
from flexiti_async.api.untrusted import DEEPEST, LARGEST
from flexiti_async.api.widget import Flow
from flexiti_async.api.widget_events import Action, EventType, MfaOption, WidgetEvent, parse_event
from flexiti_async.api.widget_reactions import SCENARIOS, Reaction, react
from flexiti_async.errors import FieldError, MalformedEvent

from ..support.canaries import sightings

SESSION = "00000000-0000-4000-8000-000000000000"
SESSION_FORMAT = ("widget_session_id", "wrong format")
DATA: dict[str, Any] = {
    "accountNumber": 10000001,
    "verified": True,
    "action": "purchase",
    "mfaOptionSelected": "sms",
    "widget_session_id": SESSION,
    "customerId": "1000001-00001",
    "accountType": "consumer",
}


def success(**changes: object) -> dict[str, Any]:
    """Return the page's sample with other values."""
    return {"eventType": "flx-success", "eventData": {**DATA, **changes}}


def parse(untrusted: object) -> WidgetEvent:
    """Parse data of any type."""
    return parse_event(cast("str", untrusted))


def outcome(untrusted: object) -> WidgetEvent | tuple[FieldError, ...]:
    """
    Return the event, or its field errors.

    Without `extra`, where the type of a number with a point depends on the decoder.
    """
    try:
        return evolve(parse(untrusted), extra={})
    except MalformedEvent as error:
        return error.field_errors


def field_errors(untrusted: object) -> list[tuple[str, str]]:
    """Return the field errors of an invalid event."""
    with pytest.raises(MalformedEvent) as caught:
        parse(untrusted)
    return [(error.param, error.msg) for error in caught.value.field_errors]


@pytest.mark.parametrize(
    "form", [success(), json.dumps(success()), json.dumps(success()).encode()], ids=type
)
def test_the_sample_of_the_page(form: object) -> None:
    """All fields are read, from an object, from text and from bytes."""
    event = parse(form)

    assert event == WidgetEvent(
        type=EventType.SUCCESS,
        account_number="10000001",
        verified=True,
        action=Action.PURCHASE,
        mfa_option=MfaOption.SMS,
        widget_session_id=SESSION,
        customer_id="1000001-00001",
        account_type=AccountType.CONSUMER,
    )
    assert Action.PURCHASE is event.action


@pytest.mark.parametrize(
    ("written", "read"),
    [(1, "1"), (99999999999999, "9" * 14), ("0010", "0010"), (None, None)],
)
def test_account_numbers(written: object, read: str | None) -> None:
    """An account number is a number or digits, whose leading zeros are kept."""
    assert read == parse_event(success(accountNumber=written)).account_number


@pytest.mark.parametrize(
    ("written", "msg"),
    [
        (0, "invalid"),
        ("000", "invalid"),
        (-1, "length"),
        (10**14, "length"),
        ("1" * 15, "length"),
        ("", "wrong format"),
        ("12 34", "wrong format"),
        ("١٢", "wrong format"),
        (True, "wrong format"),
        (1.0, "wrong format"),
        (Decimal(1), "wrong format"),
        ([10000001], "wrong format"),
        ({"$ne": None}, "wrong format"),
    ],
)
def test_invalid_account_numbers(written: object, msg: str) -> None:
    """Anything but up to 14 digits is rejected."""
    assert [("accountNumber", msg)] == field_errors(success(accountNumber=written))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"verified": "true"}, [("verified", "wrong format")]),
        ({"verified": 1}, [("verified", "wrong format")]),
        ({"action": ["purchase"]}, [("action", "wrong format")]),
        ({"action": "x" * 101}, [("action", "length")]),
        ({"widget_session_id": 5}, [("widget_session_id", "wrong format")]),
        ({"widget_session_id": "\0"}, [("widget_session_id", "wrong format")]),
        ({"widget_session_id": " "}, [("widget_session_id", "wrong format")]),
        ({"widget_session_id": f"{SESSION}\n"}, [("widget_session_id", "wrong format")]),
        ({"widget_session_id": f"{SESSION}\u200b"}, [("widget_session_id", "wrong format")]),
        ({"widget_session_id": None, "widgetSessionId": "é"}, [SESSION_FORMAT]),
        ({"widget_session_id": "\ud800"}, [("$", "wrong format")]),
        ({"message": "\udfff"}, [("$", "wrong format")]),
        ({"new": {"\ud800": 1}}, [("$", "wrong format")]),
        ({"customerId": "1 2"}, [("customerId", "wrong format")]),
        ({"widgetSessionId": "another"}, [("widget_session_id", "invalid")]),
        ({"account_number": 10000002}, [("accountNumber", "invalid")]),
        ({"customerId": -1}, [("customerId", "length")]),
        ({"customerId": 10**5000}, [("customerId", "length")]),
        ({"message": "x" * 1001}, [("message", "length")]),
        (
            {"verified": 0, "action": 0, "accountNumber": 0},
            [
                ("accountNumber", "invalid"),
                ("verified", "wrong format"),
                ("action", "wrong format"),
            ],
        ),
    ],
)
def test_fields_of_wrong_types(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """All are reported together, and contradicting spellings are a field error."""
    assert expected == field_errors(success(**changes))


def test_old_spellings() -> None:
    """A session id in the style of its siblings, and the older name of the security question."""
    data = {"widgetSessionId": SESSION, "mfaOptionSelected": "security_answer"}
    event = parse_event({"eventType": "flx-success", "eventData": data})

    assert (SESSION, MfaOption.SECURITY_QUESTION) == (event.widget_session_id, event.mfa_option)
    assert (None, None, None) == (event.account_number, event.verified, event.action)


def test_unknown_words_and_fields_are_kept() -> None:
    """Unknown words stay text, unknown fields are in `extra`, an unknown type is an event."""
    event = parse_event(success(action="lease", accountType="trust", score=[1, {"a": None}]))
    unknown = parse_event({"eventType": "flx-resize", "eventData": {"height": 5}})

    assert ("lease", "trust") == (event.action, event.account_type)
    assert {"score": [1, {"a": None}]} == event.extra
    assert ("flx-resize", {"height": 5}) == (unknown.type, unknown.extra)


@pytest.mark.parametrize(
    "message",
    [
        {"eventType": "flx-failure", "eventData": {"error": 409, "message": "No."}},
        {"eventType": "flx-failure", "error": "409", "message": "No."},
        {"error": 409, "message": "No."},
    ],
)
def test_a_failure_is_bare_or_wrapped(message: dict[str, Any]) -> None:
    """A failure is read with and without the wrapping object."""
    event = parse_event(message)

    assert (EventType.FAILURE, 409, "No.") == (event.type, event.status, event.message)
    assert {} == event.extra


@pytest.mark.parametrize("more", [{}, {"eventData": None}, {"eventData": {}}])
def test_a_cancellation_needs_no_data(more: dict[str, Any]) -> None:
    """`flx-cancel` needs no `eventData`."""
    assert WidgetEvent(type=EventType.CANCEL) == parse_event({"eventType": "flx-cancel", **more})


@pytest.mark.parametrize(
    ("untrusted", "expected"),
    [
        ("", ("$", "wrong format")),
        ("[]", ("$", "wrong format")),
        ("null", ("$", "wrong format")),
        ("{}", ("eventType", "required")),
        ('{"eventType": 5}', ("eventType", "wrong format")),
        ('{"eventType": ""}', ("eventType", "wrong format")),
        ('{"eventType": "flx-success"}', ("eventData", "required")),
        ('{"eventType": "flx-success", "eventData": []}', ("eventData", "wrong format")),
        ('{"eventType": "flx-cancel", "eventType": "flx-success"}', ("$", "invalid")),
        ('{"eventType": "flx-cancel", "n": NaN}', ("$", "wrong format")),
        ('{"eventType": "flx-cancel", "n": 1e9999999999999999999}', ("$", "wrong format")),
        ('{"eventType": "flx-cancel", "n": ' + "9" * 5000 + "}", ("$", "wrong format")),
        ('{"eventType": "flx-cancel"} ,', ("$", "wrong format")),
        ("{'eventType': 'flx-cancel'}", ("$", "wrong format")),
        (b'{"eventType": "flx-cancel\xff"}', ("$", "wrong format")),
        ('{"eventType": "flx-cancel"}'.encode("utf-16"), ("$", "wrong format")),
        ("\ud800", ("$", "wrong format")),
        ("[" * LARGEST, ("$", "wrong format")),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), ("$", "invalid")),
        (" " * (LARGEST + 1), ("$", "length")),
        (b" " * (LARGEST + 1), ("$", "length")),
        ({"eventType": "flx-cancel", "n": float("inf")}, ("$", "wrong format")),
        ({"eventType": "flx-cancel", "n": object()}, ("$", "wrong format")),
        ({"eventType": "flx-cancel", "n": [0] * 998}, ("$", "length")),
        ({"eventType": "flx-cancel", "n": "x" * (LARGEST + 1)}, ("$", "length")),
        ({"eventType": "flx-cancel", 5: 5}, ("$", "wrong format")),
        (5, ("$", "wrong format")),
        (None, ("$", "wrong format")),
        (bytearray(b"{}"), ("$", "wrong format")),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_malformed_events(untrusted: object, expected: tuple[str, str]) -> None:
    """Too large, too deep, not strict JSON, or not an object: one typed error."""
    assert [expected] == field_errors(untrusted)


def test_an_event_may_be_nested_to_the_limit() -> None:
    """Each level counts once, of objects and of lists."""
    inner = DEEPEST - 2
    for begin, end in (('{"a":', "}"), ("[", "]")):
        text = f'{{"eventType": "flx-cancel", "x": {begin * inner}{end * inner}}}'
        text = text.replace('{"a":}', "{}")

        assert parse_event(text).type == "flx-cancel"


def test_an_event_may_have_a_thousand_values() -> None:
    """The object, its type, the list, and 997 numbers."""
    assert "flx-cancel" == parse_event({"eventType": "flx-cancel", "n": [0] * 997}).type


class Odd(Mapping[str, object]):
    """A mapping that raises its own error."""

    def __getitem__(self, name: str) -> object:
        """Fail."""
        raise RuntimeError(name)

    def __iter__(self) -> Iterator[str]:
        """Claim to have a name."""
        return iter(["eventType"])

    def __len__(self) -> int:
        """Claim to have a name."""
        return 1


def test_recursive_or_failing_objects() -> None:
    """A recursive or failing object is rejected."""
    circle = success()
    circle["eventData"]["circle"] = circle

    assert [("$", "invalid")] == field_errors(circle)
    assert [("$", "wrong format")] == field_errors(Odd())


def test_an_event_is_a_copy() -> None:
    """Changing the input afterwards does not change the event."""
    message = success(more=[1])
    event = parse_event(message)
    message["eventData"]["more"].append(2)

    assert {"more": [1]} == event.extra


@pytest.mark.parametrize(
    "untrusted",
    [
        '{"canary": ',
        '{"canary": {"canary": 1}}',
        {"eventType": "canary" * 100},
        {"eventType": "flx-success", "eventData": "canary"},
        success(verified="canary"),
    ],
)
def test_posted_data_are_in_no_error(untrusted: object) -> None:
    """The posted data are not in the error's text, chain or frames."""
    with pytest.raises(MalformedEvent) as caught:
        parse(untrusted)

    assert [] == sightings(caught.value, "canary")


def test_the_repr_shows_no_personal_data() -> None:
    """The repr has no account and no customer."""
    shown = repr(parse_event(success(message="Ada", extra="Ada")))

    assert not [text for text in ("10000001", "1000001", "Ada") if text in shown]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)
values: st.SearchStrategy[Any] = st.one_of(
    json_values,
    st.sampled_from([True, False, None, 10000001, "10000001", *Action, SESSION]),
)
events: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "eventType": values | st.sampled_from(EventType),
        "eventData": json_values
        | st.fixed_dictionaries({}, optional=dict.fromkeys([*DATA, "widgetSessionId"], values)),
        "error": values,
        "message": values,
    },
)


@given(events | json_values | st.text() | st.binary(), st.sampled_from(Flow))
def test_anything_at_all(untrusted: object, flow: Flow) -> None:
    """Any data are an event or MalformedEvent; only all three together lead to a purchase."""
    event = outcome(untrusted)
    if not isinstance(event, WidgetEvent):
        assert event
        assert {None} == {error.value for error in event}
        return
    reaction = react(event, flow)
    leads_on = (
        event.type is EventType.SUCCESS
        and flow is Flow.PURCHASE
        and event.account_number is not None
        and event.account_number.isdigit()
        and event.verified is True
        and event.action is Action.PURCHASE
    )

    assert leads_on == (reaction is Reaction.AUTHORIZE)


@given(events)
def test_text_and_object_are_the_same_event(message: object) -> None:
    """Text and the decoded object are the same event."""
    text = json.dumps(message)
    first, *others = (outcome(form) for form in (text, text.encode(), json.loads(text)))

    assert [first, first] == others


@pytest.mark.parametrize(
    ("flow", "account", "verified", "action", "expected"),
    [
        ("apply", None, False, "activation", "activate"),
        ("apply", None, True, "apply", "apply"),
        ("apply", None, False, "apply", "apply"),
        ("apply", None, False, None, "stop"),
        ("apply", 10000001, False, "purchase", "unknown"),
        ("apply", 10000001, True, "purchase", "unknown"),
        ("apply", 10000001, True, "apply", "unknown"),
        ("apply", None, True, "retry", "retry"),
        ("purchase", 10000001, True, "purchase", "authorize"),
        ("purchase", 10000001, False, "purchase", "pay_otherwise"),
        ("purchase", 10000001, None, "purchase", "pay_otherwise"),
        ("purchase", None, False, "activation", "activate"),
        ("purchase", None, False, "apply", "new_application"),
        ("purchase", None, False, None, "stop"),
        ("purchase", None, False, "purchase", "stop"),
        ("purchase", None, True, "purchase", "unknown"),
        ("purchase", None, True, "apply", "unknown"),
        ("purchase", 10000001, True, None, "unknown"),
        ("purchase", 10000001, True, "activation", "unknown"),
        ("purchase", 10000001, True, "lease", "unknown"),
        ("purchase", None, False, "retry", "retry"),
    ],
)
def test_the_table_of_the_page(
    flow: str, account: int | None, *, verified: bool | None, action: str | None, expected: str
) -> None:
    """Every row of spec section 7.4 has its reaction, and other events have none."""
    event = parse_event(success(accountNumber=account, verified=verified, action=action))

    assert expected == react(event, Flow(flow))


@pytest.mark.parametrize("flow", Flow)
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"eventType": "flx-cancel"}, Reaction.CANCELLED),
        ({"eventType": "flx-cancel", "eventData": DATA}, Reaction.CANCELLED),
        ({"error": 500, "message": ""}, Reaction.FAILED),
        ({"eventType": "flx-failure", "eventData": DATA}, Reaction.FAILED),
        ({"eventType": "flx-done", "eventData": DATA}, Reaction.UNKNOWN),
    ],
)
def test_other_events(flow: Flow, message: dict[str, Any], expected: Reaction) -> None:
    """Events other than `flx-success` never lead to a purchase, with any data."""
    assert expected is react(parse_event(message), flow)


def test_no_event_is_in_two_rows_that_differ() -> None:
    """The order of the rows does not matter."""
    for row in SCENARIOS:
        for account in (None, "1"):
            for verified in (None, False, True):
                event = WidgetEvent(
                    type=EventType.SUCCESS,
                    account_number=account,
                    verified=verified,
                    action=row.action,
                )
                found = {other.reaction for other in SCENARIOS if other.fits(event, row.flow)}

                assert len(found) <= 1
