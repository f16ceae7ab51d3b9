"""
apply: the credit application, after `flx-success` of the widget (spec section 5.5).

The portal has withdrawn the table of this endpoint (release 22.2.0, "available on request"): body
and answer are UNKNOWN. So the body is a mapping; `application_body` builds the known part from the
data that widget/init was called with, and invents no names.
"""

from collections.abc import Mapping
from typing import Final, cast

from attrs import field, frozen

from flexiti_async.api.canada import LocalRules
from flexiti_async.api.converters import to_text
from flexiti_async.api.endpoints import APPLY
from flexiti_async.api.payment_fields import WIDGET_SESSION_ID
from flexiti_async.api.widget import (
    AccountTypePlace,
    AccountTypePlaceWord,
    ApplyWidget,
    init_widget,
)
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import json_body, wrong_type
from flexiti_async.protocol.call import Json, OperationCall, OperationKind, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.secret import not_pickled
from flexiti_async.protocol.structuring import no_extra, wire_name
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID, REQUIRED, true_check

__all__ = ["Application", "application_body", "apply"]

# They describe how to show the widget, not the applicant.
_OF_THE_WIDGET: Final = frozenset({"flow", "lang"})


@not_pickled
@frozen
class Application(AnswerModel):
    """
    The answer of apply.

    Known outcomes are approved, pending, declined and retry. How the answer shows them is UNKNOWN,
    so all of it is in `extra`.

    Attributes:
        extra: The answer as received; not in the repr.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))


@sensitive_arguments
def application_body(
    widget: ApplyWidget,
    widget_session_id: str,
    *,
    more: Json | None = None,
    account_type_place: AccountTypePlace | AccountTypePlaceWord = AccountTypePlace.OMITTED,
) -> Json:
    """
    Build the body of apply from the data of widget/init.

    The personal information must equal that sent to widget/init with the same token, otherwise the
    API answers `not_verified`; `tos_agreement` must be true and `account_type` is checked as well.
    The applicant's data have the places and names of widget/init: an inference, because the table
    of apply is not public.

    Args:
        widget: The request of this flow's widget/init.
        widget_session_id: From the answer of widget/init, or from `flx-success`.
        more: Further fields, by the names that Flexiti has given to the shop. Objects are merged; a
            field of the widget must keep its value.
        account_type_place: As in `init_widget`.

    Raises:
        ValidationError: The session id is missing, or `more` contradicts the widget.
    """
    problem = wrong_type("widget", widget, ApplyWidget)
    if problem is not None:
        raise problem
    widget_session_id = to_text(widget_session_id)
    if more is not None:
        more = json_body("more", more)
    errors = _session_id_errors(widget_session_id)
    # The customer has passed widget/init: the same data are sent again, whatever the local rules.
    call = init_widget(widget, account_type_place=account_type_place, local_rules=LocalRules.OFF)
    widget_body = call.body or {}
    known: dict[str, object] = {
        name: value for name, value in widget_body.items() if name not in _OF_THE_WIDGET
    }
    known["widget_session_id"] = widget_session_id
    body = _merged(known, more or {}, "", errors)
    if errors:
        raise ValidationError(field_errors=errors)
    return body


@sensitive_arguments
def apply(body: Json) -> OperationCall[Application]:
    """
    Build the call of apply, after `flx-success` in an application flow.

    It is never repeated automatically: in production it reaches a credit bureau. Its version, v2.5,
    is inferred (spec section 0, row 10).

    Args:
        body: From `application_body`, or as Flexiti has described it to the shop.

    Raises:
        ValidationError: The body is no JSON object, or its `tos_agreement` is not True.
    """
    agreed = json_body("body", body).get("tos_agreement", True)
    if agreed is not True:
        error = FieldError("tos_agreement", INVALID, mask(agreed), true_check.rule)
        raise ValidationError(field_errors=[error])
    return OperationCall(
        endpoint=APPLY,
        method="POST",
        path="client-id/{client_id}/apply",
        scope=Scope.CUSTOMER,
        result=Application,
        replay=Replay.NEVER,
        kind=OperationKind.APPLY,
        body=body,
    )


def _session_id_errors(widget_session_id: object) -> list[FieldError]:
    msg = REQUIRED if widget_session_id is None else WIDGET_SESSION_ID.problem(widget_session_id)
    return (
        [] if msg is None else [FieldError("widget_session_id", msg, hint=WIDGET_SESSION_ID.rule)]
    )


def _merged(
    known: Mapping[str, object], more: Json, prefix: str, errors: list[FieldError]
) -> dict[str, object]:
    """Merge nested objects; collect an error for each field that would change a known value."""
    body = dict(known)
    for name, value in more.items():
        there = body.get(name)
        if name not in body:
            body[name] = value
        elif isinstance(there, Mapping) and isinstance(value, Mapping):
            inner = cast("Json", there), cast("Json", value)
            body[name] = _merged(*inner, f"{prefix}{name}.", errors)
        elif value != there:
            hint = "must equal the value sent to widget/init"
            errors.append(FieldError(prefix + name, INVALID, mask(value), hint))
    return body
