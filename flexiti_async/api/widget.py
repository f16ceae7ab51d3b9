"""
widget/init: the URL of the page on which a customer applies or buys (spec section 4).

`ApplyWidget` and `PurchaseWidget` are the two flows of the start page, `init_widget` builds the
call of either, and `Widget` is its answer.
"""

import datetime
import enum
from typing import Final

from flexiti_async.api.canada import AGE_OF_MAJORITY, is_of_age
from flexiti_async.api.common import Province
from flexiti_async.api.endpoints import WIDGET_INIT
from flexiti_async.api.widget_answer import Widget
from flexiti_async.api.widget_requests import (
    PERSON,
    PERSON_FIELDS,
    ApplyWidget,
    Flow,
    PurchaseWidget,
)
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import word, wrong_type
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID, WRONG_FORMAT, date_check

__all__ = [
    "AccountTypePlace",
    "ApplyWidget",
    "Flow",
    "PurchaseWidget",
    "Widget",
    "init_widget",
]


class AccountTypePlace(enum.StrEnum):
    """Place of `account_type` in the body: it has moved between page versions (spec 4.2)."""

    NESTED = "nested"
    """In `customer_identification`: page versions 16 and 17."""
    TOP_LEVEL = "top_level"
    """Beside `flow`: page version 15 and before."""
    OMITTED = "omitted"
    """Not sent: page version 18, and before the field existed."""


_INIT_WIDGET: Final = Call(
    endpoint=WIDGET_INIT,
    method="POST",
    path="client-id/{client_id}/widget/init",
    scope=Scope.CUSTOMER,
    result=Widget,
    replay=Replay.SAFE,
)


@sensitive_arguments
def init_widget(
    widget: ApplyWidget | PurchaseWidget,
    *,
    account_type_place: AccountTypePlace = AccountTypePlace.NESTED,
    today: datetime.date | None = None,
) -> Call[Widget]:
    """
    Build the call of widget/init.

    It moves no money, and a second session beside an unused one is harmless: safe to repeat.

    Args:
        widget: The customer and the flow.
        account_type_place: Place of `account_type` in an application.
        today: The date in the shop's time zone; with it, applicants must be of age in their
            province. Nothing here reads a clock.

    Raises:
        ValidationError: The applicant is not of age, or an argument is of another type.
    """
    problem = wrong_type("widget", widget, ApplyWidget, PurchaseWidget)
    if problem is None and today is not None:
        problem = wrong_type("today", today, datetime.date) or _time_zone_problem(today)
    if problem is not None:
        raise problem
    account_type_place = word(AccountTypePlace, "account_type_place", account_type_place)
    if today is not None and isinstance(widget, ApplyWidget):
        error = _age_error(widget, today)
        if error is not None:
            raise ValidationError(field_errors=[error])
    body = (
        _apply_body(widget, account_type_place)
        if isinstance(widget, ApplyWidget)
        else _purchase_body(widget)
    )
    return _INIT_WIDGET.with_body(body)


def _time_zone_problem(today: datetime.date) -> ValidationError | None:
    if not isinstance(today, datetime.datetime) or today.tzinfo is None:
        return None
    problem = FieldError("today", WRONG_FORMAT, type(today).__name__, date_check.rule)
    return ValidationError(field_errors=[problem])


def _age_error(widget: ApplyWidget, today: datetime.date) -> FieldError | None:
    dob = datetime.date.fromisoformat(str(widget.dob))
    if is_of_age(dob, Province(widget.province), today):
        return None
    age = AGE_OF_MAJORITY[Province(widget.province)]
    hint = f"must be of age: {age} in {widget.province}"
    return FieldError(PERSON + "dob", INVALID, mask(widget.dob), hint=hint)


def _person(widget: ApplyWidget | PurchaseWidget) -> dict[str, object]:
    person: dict[str, object] = {}
    for name in PERSON_FIELDS:
        value = getattr(widget, name)
        if value:
            person[name] = value
    return person


def _purchase_body(widget: PurchaseWidget) -> dict[str, object]:
    who: dict[str, object] = {}
    if widget.account_number:
        who["account_number"] = widget.account_number
    if widget.vcc_number:
        who["vcc_number"] = widget.vcc_number
    person = _person(widget)
    if person:
        who["personal_information"] = person
    return {"customer_identification": who, "flow": Flow.PURCHASE, "lang": widget.lang}


def _apply_body(widget: ApplyWidget, place: AccountTypePlace) -> dict[str, object]:
    who: dict[str, object] = {"personal_information": _person(widget)}
    body: dict[str, object] = {
        "customer_identification": who,
        "flow": Flow.APPLY,
        "lang": widget.lang,
        "tos_agreement": widget.tos_agreement,
        "email": widget.email,
        "phone_number": widget.phone_number,
        "address_1": widget.address_1,
        "city": widget.city,
        "province": widget.province,
    }
    if widget.address_2:
        body["address_2"] = widget.address_2
    if place is AccountTypePlace.NESTED:
        who["account_type"] = widget.account_type
    elif place is AccountTypePlace.TOP_LEVEL:
        body["account_type"] = widget.account_type
    return body
