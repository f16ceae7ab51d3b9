"""The fields of widget/init (spec section 4.1, start page) as a table of rules."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from attrs import frozen

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.validation.formats import (
    Check,
    Context,
    agreement,
    date_of_birth,
    digits,
    email,
    exactly,
    number,
    one_of,
    text,
)
from flexiti_async.sandbox.wire.errors import INVALID, REQUIRED, WRONG_FORMAT, FieldError
from flexiti_async.sandbox.wire.request import Json

__all__ = ["LANGUAGES", "PROVINCES", "RULES", "FieldRule", "body_errors"]

LANGUAGES = ("en", "fr")
"""The languages of the API, the default first (spec section 1.4)."""

PROVINCES = ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
"""The provinces and territories of spec section 4.1."""

Condition: TypeAlias = Callable[[Context], bool]
"""Whether a field is required in this request."""

Values: TypeAlias = dict[str, Json]
"""Values by their dotted names."""


def _always(_: Context) -> bool:
    return True


def _never(_: Context) -> bool:
    return False


def _apply(context: Context) -> bool:
    return context.flow == "apply"


def _no_card_no_person(context: Context) -> bool:
    purchase = context.flow == "purchase"
    return purchase and not context.vcc_number and not context.personal_information


def _no_account_no_person(context: Context) -> bool:
    purchase = context.flow == "purchase"
    return purchase and not context.account_number and not context.personal_information


def _apply_or_no_number(context: Context) -> bool:
    purchase = context.flow == "purchase"
    return _apply(context) or (purchase and not context.account_number and not context.vcc_number)


@frozen
class FieldRule:
    """
    One row of the table.

    Attributes:
        param: Name of the field; dots mean nesting.
        required: Whether the request must have it.
        check: The check of its value.
    """

    param: str
    required: Condition
    check: Check


_CUSTOMER = "customer_identification"
_PERSON = f"{_CUSTOMER}.personal_information"
_GROUPS = (_CUSTOMER, _PERSON)
_account_type = one_of("business", "consumer")

RULES: tuple[FieldRule, ...] = (
    FieldRule(f"{_CUSTOMER}.account_number", _no_card_no_person, number(14)),
    FieldRule(f"{_CUSTOMER}.vcc_number", _no_account_no_person, digits(16)),
    FieldRule(f"{_PERSON}.first_name", _apply_or_no_number, text(80)),
    FieldRule(f"{_PERSON}.last_name", _apply_or_no_number, text(130)),
    FieldRule(f"{_PERSON}.dob", _apply_or_no_number, date_of_birth),
    FieldRule(f"{_PERSON}.postal_code", _apply_or_no_number, text(10)),
    # Page v15 has it at the top, v16 in customer_identification (spec section 8, row 11). Both
    # require it for an application and have a default: it is optional.
    FieldRule(f"{_CUSTOMER}.account_type", _never, _account_type),
    FieldRule("account_type", _never, _account_type),
    FieldRule("lang", _never, one_of(*LANGUAGES)),
    FieldRule("tos_agreement", _apply, agreement),
    FieldRule("flow", _always, one_of("apply", "purchase")),
    FieldRule("email", _apply, email),
    FieldRule("phone_number", _apply, exactly(10)),
    FieldRule("address_1", _apply, text(250)),
    FieldRule("address_2", _never, text(100)),
    FieldRule("city", _apply, text(100)),
    FieldRule("province", _apply, one_of(*PROVINCES)),
)
"""Every field of the body, in the order of the page."""

_PARAMS = frozenset(rule.param for rule in RULES)
_EMPTY = (None, "")


def body_errors(body: dict[str, Json], settings: Settings) -> list[FieldError]:
    """Return all field errors of a widget/init body, in the order of the page."""
    values, errors = _flatten(body)
    broken = tuple(f"{error.param}." for error in errors)
    context = _context(values, settings)
    for rule in RULES:
        if not rule.param.startswith(broken):
            errors += _rule_errors(rule, values, context)
    errors += _account_type_errors(values)
    if not settings.allow_unknown_fields:
        errors += [
            FieldError(name, INVALID, values[name]) for name in values if name not in _PARAMS
        ]
    return errors


def _flatten(group: dict[str, Json], prefix: str = "") -> tuple[Values, list[FieldError]]:
    """Return the values with dotted names; a group that is not an object is a field error."""
    values: Values = {}
    errors: list[FieldError] = []
    for name, value in group.items():
        param = prefix + name
        if param not in _GROUPS:
            values[param] = value
        elif isinstance(value, dict):
            inner_values, inner_errors = _flatten(value, f"{param}.")
            values |= inner_values
            errors += inner_errors
        else:
            errors.append(FieldError(param, WRONG_FORMAT, value))
    return values, errors


def _context(values: Values, settings: Settings) -> Context:
    given = {name for name, value in values.items() if value not in _EMPTY}
    flow = values.get("flow")
    return Context(
        flow=flow if isinstance(flow, str) and flow in {"apply", "purchase"} else None,
        account_number=f"{_CUSTOMER}.account_number" in given,
        vcc_number=f"{_CUSTOMER}.vcc_number" in given,
        personal_information=any(name.startswith(f"{_PERSON}.") for name in given),
        # Today by the system clock, not the sandbox's: a test may start its clock at 0.
        today=datetime.fromtimestamp(time.time(), UTC).date(),
        ascii_only=settings.ascii_only,
    )


def _rule_errors(rule: FieldRule, values: Values, context: Context) -> list[FieldError]:
    value = values.get(rule.param)
    if value in _EMPTY and rule.required(context):
        return [FieldError(rule.param, REQUIRED, value)]
    if rule.param not in values:
        return []
    msg = rule.check(value, context)
    return [] if msg is None else [FieldError(rule.param, msg, value)]


def _account_type_errors(values: Values) -> list[FieldError]:
    """Refuse two account types that contradict each other."""
    places = [
        values[name] for name in ("account_type", f"{_CUSTOMER}.account_type") if name in values
    ]
    if len(places) == 2 and places[0] != places[1]:
        return [FieldError("account_type", INVALID, places[0])]
    return []
