"""
apply: the application itself, after the widget has let the customer go on (spec section 5.5).

The portal has withdrawn the table of this endpoint (release 22.2.0, "available on request"): body
and answer are UNKNOWN. So the body is a mapping, and what is known of it has a helper,
`application_body`, which says again what widget/init was told and invents no name.
"""

from collections.abc import Mapping
from typing import Final, cast

from attrs import field, frozen

from flexiti_async.api.endpoints import APPLY
from flexiti_async.api.widget import AccountTypePlace, ApplyWidget, init_widget
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.call import Call, Json, Replay
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.structuring import no_extra
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID, REQUIRED

__all__ = ["Application", "application_body", "apply"]

# These say how the widget is to be shown, not who applies.
_OF_THE_WIDGET: Final = frozenset({"flow", "lang"})


@frozen
class Application:
    """
    The answer of apply.

    Approved, pending, declined and retry are its known outcomes; how the answer says which is
    UNKNOWN, so all of it is in `extra`.

    Attributes:
        extra: The answer as it came; out of the repr.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@sensitive_arguments
def application_body(
    widget: ApplyWidget,
    widget_session_id: str,
    *,
    more: Json | None = None,
    account_type_place: AccountTypePlace = AccountTypePlace.NESTED,
) -> Json:
    """
    Make the body of apply from what widget/init was told.

    The personal information must equal the one that went to widget/init with the same token,
    otherwise the API answers `not_verified`; `tos_agreement` must be true and `account_type` is
    checked as well. These and the other data of the applicant stand where widget/init has them,
    under its names: an inference, as the table of apply is not public.

    Args:
        widget: The data that this flow's widget/init was called with.
        widget_session_id: From the answer of widget/init, or from `flx-success`.
        more: Further fields, in the names that Flexiti gave to the shop. Objects are merged; a
            field cannot be given a value other than the widget's.
        account_type_place: As for widget/init.

    Raises:
        ValidationError: There is no session id, or `more` contradicts the widget.
    """
    told = init_widget(widget, account_type_place=account_type_place).body or {}
    known: dict[str, object] = {
        name: value for name, value in told.items() if name not in _OF_THE_WIDGET
    }
    known["widget_session_id"] = widget_session_id
    faults = [] if widget_session_id else [FieldError("widget_session_id", REQUIRED)]
    body = _merged(known, more or {}, "", faults)
    if faults:
        raise ValidationError(field_errors=faults)
    return body


@sensitive_arguments
def apply(body: Json, *, version: str | None = None) -> Call[Application]:
    """
    Make the call of apply, after `flx-success` in an application flow.

    It is never repeated by itself: in production it reaches a credit bureau.

    Args:
        body: From `application_body`, or as Flexiti described it to the shop.
        version: Version segment of the URL; v2.5 is inferred (spec section 0, row 10). See
            `Call.at_version`.

    Raises:
        ValidationError: The body has a `tos_agreement` that is not True.
    """
    agreed = body.get("tos_agreement", True)
    if agreed is not True:
        raise ValidationError(field_errors=[FieldError("tos_agreement", INVALID, mask(agreed))])
    call = Call(
        endpoint=APPLY,
        method="POST",
        path="client-id/{client_id}/apply",
        scope=Scope.CUSTOMER,
        result=Application,
        replay=Replay.NEVER,
        body=body,
    )
    return call.at_version(version)


def _merged(
    known: Mapping[str, object], more: Json, prefix: str, faults: list[FieldError]
) -> dict[str, object]:
    """Add fields to objects in objects, and note each that would change what is known."""
    body = dict(known)
    for name, value in more.items():
        there = body.get(name)
        if name not in body:
            body[name] = value
        elif isinstance(there, Mapping) and isinstance(value, Mapping):
            inner = cast("Json", there), cast("Json", value)
            body[name] = _merged(*inner, f"{prefix}{name}.", faults)
        elif value != there:
            faults.append(FieldError(prefix + name, INVALID, mask(value)))
    return body
