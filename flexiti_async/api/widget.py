"""
widget/init: the URL of the page on which a customer applies or buys (spec section 4).

`ApplyWidget` and `PurchaseWidget` are the two flows of the start page, `init_widget` builds the
call of either, and `Widget` is its answer.
"""

import datetime
import enum
from typing import Any, Final, Literal

from flexiti_async.api.canada import LocalRules, LocalRulesWord, local_errors
from flexiti_async.api.common import AccountType
from flexiti_async.api.endpoints import WIDGET_INIT
from flexiti_async.api.widget_answer import Widget
from flexiti_async.api.widget_requests import (
    CONTACT_FIELDS,
    PERSON,
    PERSON_FIELDS,
    ApplyWidget,
    Flow,
    PurchaseWidget,
)
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import word, wrong_type
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID, WRONG_FORMAT, date_check

__all__ = [
    "AccountTypePlace",
    "AccountTypePlaceWord",
    "ApplyWidget",
    "Flow",
    "LocalRules",
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


AccountTypePlaceWord = Literal["nested", "top_level", "omitted"]
"""An `AccountTypePlace` as text."""


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
    account_type_place: AccountTypePlace | AccountTypePlaceWord = AccountTypePlace.OMITTED,
    local_rules: LocalRules | LocalRulesWord = LocalRules.STRICT,
    today: datetime.date | None = None,
) -> Call[Widget]:
    """
    Build the call of widget/init.

    It moves no money, and a second session beside an unused one is harmless: safe to repeat.

    Args:
        widget: The customer and the flow.
        account_type_place: Place of `account_type` in an application.
        local_rules: Whether rules are checked that no page of the API has.
        today: The date in the shop's time zone; with it, and strict rules, applicants must be of
            age in their province. Nothing here reads a clock.

    Raises:
        ValidationError: The customer does not pass the local rules, an account type other than
            consumer would not be sent, or an argument is of another type.
    """
    problem = wrong_type("widget", widget, ApplyWidget, PurchaseWidget)
    if problem is None and today is not None:
        problem = wrong_type("today", today, datetime.date) or _time_zone_problem(today)
    if problem is not None:
        raise problem
    place = word(AccountTypePlace, "account_type_place", account_type_place)
    errors: list[FieldError] = []
    if word(LocalRules, "local_rules", local_rules) is LocalRules.STRICT:
        apply = isinstance(widget, ApplyWidget)
        errors += local_errors(
            PERSON,
            dob=widget.dob,
            postal_code=widget.postal_code,
            province=widget.province,
            today=today if apply else None,
        )
    body = _body(widget)
    if isinstance(widget, ApplyWidget):
        errors += _put_account_type(widget.account_type, place, body)
    if errors:
        raise ValidationError(field_errors=errors)
    return _INIT_WIDGET.with_body(body)


def _time_zone_problem(today: datetime.date) -> ValidationError | None:
    if not isinstance(today, datetime.datetime) or today.tzinfo is None:
        return None
    problem = FieldError("today", WRONG_FORMAT, type(today).__name__, date_check.rule)
    return ValidationError(field_errors=[problem])


def _body(widget: ApplyWidget | PurchaseWidget) -> dict[str, object]:
    """Build the body, its fields in the order of the start page's examples."""
    values = vars(widget)
    customer: dict[str, object] = {}
    if values["account_number"]:
        customer["account_number"] = values["account_number"]
    if values["vcc_number"]:
        customer["vcc_number"] = values["vcc_number"]
    person = {name: values[name] for name in PERSON_FIELDS if values[name]}
    if person:
        customer["personal_information"] = person
    body: dict[str, object] = {"customer_identification": customer, "flow": widget.flow}
    for name in CONTACT_FIELDS:
        value = values[name]
        if value is not None and value != "":
            body[name] = value
    if values["lang"]:
        body["lang"] = values["lang"]
    return body


def _put_account_type(
    account_type: object, place: AccountTypePlace, body: dict[str, Any]
) -> list[FieldError]:
    if place is AccountTypePlace.NESTED:
        body["customer_identification"]["account_type"] = account_type
    elif place is AccountTypePlace.TOP_LEVEL:
        body["account_type"] = account_type
    elif account_type != AccountType.CONSUMER:
        hint = "is not sent by account_type_place='omitted': set it to 'nested' or 'top_level'"
        return [FieldError("customer_identification.account_type", INVALID, hint=hint)]
    return []
