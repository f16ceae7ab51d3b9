"""
Events of the widget, which the customer's browser posts to the shop (spec sections 7.2 to 7.4).

An event comes from `window.postMessage` through the customer's browser, so it can be forged.
`parse_event` returns a typed value or raises MalformedEvent, for any input. A valid event proves
nothing: the API itself rejects an authorization whose widget session has not verified the account.
`OnlineCheckout.handle_event` parses an event, checks that it belongs to the checkout, and returns
the reaction (`flexiti_async.api.widget_reactions`).
"""

import enum
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, cast

from attrs import field, frozen

from flexiti_async.api.common import AccountType
from flexiti_async.api.untrusted import object_of
from flexiti_async.errors import FieldError, MalformedEvent
from flexiti_async.protocol.secret import not_pickled
from flexiti_async.protocol.structuring import no_extra
from flexiti_async.protocol.validators import INVALID, LENGTH, REQUIRED, WRONG_FORMAT

__all__ = [
    "CUSTOMER_PORTAL",
    "Action",
    "EventType",
    "MfaOption",
    "WidgetEvent",
    "parse_event",
    "read_event",
]

CUSTOMER_PORTAL: Final = "https://my.flexiti.com/index"
"""Flexiti's portal where customers manage and activate their accounts (spec section 7.4)."""

_LONGEST_TEXT: Final = 1000
_LONGEST_WORD: Final = 100
_ACCOUNT_DIGITS: Final = 14
_VISIBLE: Final = re.compile(r"[!-~]*")
_IDS: Final = frozenset({"widget_session_id", "customer_id"})
"""Checkouts and shops keep them, where a blank or a control character would fail."""


class EventType(enum.StrEnum):
    """Kind of event (spec section 7.3)."""

    SUCCESS = "flx-success"
    """The widget has finished, with any result of the verification."""
    FAILURE = "flx-failure"
    """The widget has failed, with an HTTP status and a message."""
    CANCEL = "flx-cancel"
    """The customer has cancelled."""


class Action(enum.StrEnum):
    """The customer's intention in `flx-success` (spec section 7.3)."""

    APPLY = "apply"
    PURCHASE = "purchase"
    ACTIVATION = "activation"
    RETRY = "retry"
    """A third party did not answer in time; since page revision 891584544."""


class MfaOption(enum.StrEnum):
    """Method of verification (spec section 7.3)."""

    SMS = "sms"
    EMAIL = "email"
    SECURITY_QUESTION = "security_question"
    """Older widgets say `security_answer` (spec section 8 row 27)."""


@not_pickled
@frozen(kw_only=True)
class WidgetEvent:
    """
    One event of the widget, untrusted.

    Words that this release does not know are kept as text.

    Attributes:
        type: Kind of the event.
        account_number: At most 14 digits, as received; None if the event has no account.
        verified: Whether the widget reports the customer as verified; None if the field is missing.
        action: The customer's intention; None if the field is missing.
        mfa_option: Method of verification.
        widget_session_id: The widget session that it claims, visible ASCII characters; older
            widgets have no such field.
        customer_id: `1234567-12345`, since 21.9.0.
        account_type: Consumer or business, since 21.9.0.
        status: HTTP status of `flx-failure`.
        message: Message of `flx-failure`.
        extra: Fields that this release does not know.
    """

    type: EventType | str
    account_number: str | None = field(default=None, repr=False)
    verified: bool | None = None
    action: Action | str | None = None
    mfa_option: MfaOption | str | None = None
    widget_session_id: str | None = field(default=None, repr=False)
    customer_id: str | None = field(default=None, repr=False)
    account_type: AccountType | str | None = None
    status: int | None = None
    message: str | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


# Both spellings: `widget_session_id` differs from its siblings in the newest text (spec 7.3), so
# neither can be relied on. The first one is the page's.
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "account_number": ("accountNumber", "account_number"),
        "verified": ("verified",),
        "action": ("action",),
        "mfa_option": ("mfaOptionSelected", "mfa_option_selected"),
        "widget_session_id": ("widget_session_id", "widgetSessionId"),
        "customer_id": ("customerId", "customer_id"),
        "account_type": ("accountType", "account_type"),
        "status": ("error",),
        "message": ("message",),
    }
)
_KNOWN: Final = frozenset({"eventType", "eventData"}.union(*_SPELLINGS.values()))
_OLD_WORDS: Final = MappingProxyType({"security_answer": MfaOption.SECURITY_QUESTION.value})


def parse_event(untrusted: bytes | str | Mapping[str, object]) -> WidgetEvent:
    """
    Return the typed event of untrusted data from a browser.

    Args:
        untrusted: JSON text of `{"eventType": …, "eventData": …}` of at most 16 KiB, or the
            object that a web framework has decoded from it.

    Raises:
        MalformedEvent: Too large, too deep, not strict JSON, or fields of a wrong type. All field
            errors are reported together, without values.
    """
    read = read_event(untrusted)
    del untrusted  # this frame may end up in a traceback
    if isinstance(read, WidgetEvent):
        return read
    raise MalformedEvent(field_errors=read)


def read_event(untrusted: object) -> WidgetEvent | Sequence[FieldError]:
    """Return the event, or the field errors of anything else; see `parse_event`."""
    message = object_of(untrusted)
    if isinstance(message, FieldError):
        return (message,)
    kind = _kind(message)
    if isinstance(kind, FieldError):
        return (kind,)
    data = _data(message, kind)
    if isinstance(data, FieldError):
        return (data,)
    values, errors = _values(data)
    return errors or _event(kind, values, data)


def _event(
    kind: EventType | str, values: Mapping[str, object], data: Mapping[str, object]
) -> WidgetEvent:
    def word(name: str) -> str | None:
        value = values.get(name)
        return value if isinstance(value, str) else None

    status, verified = values.get("status"), values.get("verified")
    extra = {name: value for name, value in data.items() if name not in _KNOWN}
    return WidgetEvent(
        type=kind,
        account_number=word("account_number"),
        verified=verified if isinstance(verified, bool) else None,
        action=_known(Action, word("action")),
        mfa_option=_known(MfaOption, word("mfa_option")),
        widget_session_id=word("widget_session_id"),
        customer_id=word("customer_id"),
        account_type=_known(AccountType, word("account_type")),
        status=status if isinstance(status, int) else None,
        message=word("message"),
        extra=MappingProxyType(extra),
    )


def _known(words: type[enum.StrEnum], word: str | None) -> str | None:
    """Return the member of a word; an unknown word unchanged."""
    if word is None:
        return None
    word = _OLD_WORDS.get(word, word)
    return words(word) if word in set(words) else word


def _kind(message: Mapping[str, object]) -> EventType | str | FieldError:
    kind = message.get("eventType")
    if isinstance(kind, str) and 0 < len(kind) <= _LONGEST_WORD:
        return EventType(kind) if kind in set(EventType) else kind
    # The page shows a failure without the wrapping object (spec section 7.3).
    if "eventType" not in message and {"error", "message"} <= message.keys():
        return EventType.FAILURE
    return FieldError("eventType", REQUIRED if kind is None else WRONG_FORMAT)


def _data(
    message: Mapping[str, object], kind: EventType | str
) -> Mapping[str, object] | FieldError:
    data = message.get("eventData")
    if isinstance(data, dict):
        return cast("dict[str, object]", data)
    if data is not None:
        return FieldError("eventData", WRONG_FORMAT)
    if kind == EventType.SUCCESS:
        return FieldError("eventData", REQUIRED)
    return message if kind == EventType.FAILURE else {}


def _values(data: Mapping[str, object]) -> tuple[dict[str, object], list[FieldError]]:
    values: dict[str, object] = {}
    errors: list[FieldError] = []
    for name, spellings in _SPELLINGS.items():
        given = [data[spelling] for spelling in spellings if data.get(spelling) is not None]
        read = [_read_one(name, value) for value in given]
        problem = next((found for _, found in read if found), None)
        if problem is None and len({value for value, _ in read}) > 1:
            problem = INVALID  # the two spellings contradict each other
        if problem:
            errors.append(FieldError(spellings[0], problem))
        elif read:
            values[name] = read[0][0]
    return values, errors


def _read_one(name: str, value: object) -> tuple[object, str | None]:
    """Return the value of a field and its problem, None if it is valid."""
    match name:
        case "verified":
            return value, None if isinstance(value, bool) else WRONG_FORMAT
        case "account_number":
            return _digits(value, _ACCOUNT_DIGITS)
        case "status":
            digits, problem = _digits(value, 3)
            return int(digits) if digits else None, problem
        case "customer_id" if type(value) is int:
            return _digits(value, _LONGEST_WORD)
        case _:
            return _text(name, value)


def _text(name: str, value: object) -> tuple[object, str | None]:
    if not isinstance(value, str):
        return None, WRONG_FORMAT
    if len(value) > (_LONGEST_TEXT if name == "message" else _LONGEST_WORD):
        return value, LENGTH
    return value, None if name not in _IDS or _VISIBLE.fullmatch(value) else WRONG_FORMAT


def _digits(value: object, longest: int) -> tuple[str, str | None]:
    """Read a number, or text of digits; 0 is invalid."""
    if type(value) is int and 0 <= value < 10**longest:
        value = str(value)
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        return "", LENGTH if type(value) is int else WRONG_FORMAT
    if len(value) > longest:
        return "", LENGTH
    return (value, None) if value.strip("0") else ("", INVALID)
