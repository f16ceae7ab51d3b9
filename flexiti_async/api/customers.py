"""
customers: find a customer's accounts, and look up one account (spec sections 5.6 and 5.7).

Personal data are in no repr, and in no frame of the errors raised here.
"""

import datetime
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from flexiti_async.api.account_models import (
    AccountStatus,
    CustomerAccount,
    FoundAccount,
    OfferType,
    SecurityQuestion,
)
from flexiti_async.api.canada import LocalRules, LocalRulesWord, local_errors, to_postal_code
from flexiti_async.api.common import ACCOUNT_TEXT, CARD, LANGUAGE, Language, LanguageWord
from flexiti_async.api.converters import to_card, to_iso_date, to_language, to_number_text, to_text
from flexiti_async.api.endpoints import CUSTOMERS_LOOKUP, CUSTOMERS_SEARCH
from flexiti_async.api.payment_fields import ONE_IDENTIFIER
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import word
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import (
    INVALID,
    REQUIRED,
    date_check,
    pattern_check,
    text_check,
)

__all__ = [
    "AccountStatus",
    "CustomerAccount",
    "FoundAccount",
    "OfferType",
    "SecurityQuestion",
    "lookup",
    "search",
]

_ONE_OF: Final = ("account_number", "vcc_number", "customer_id")
_CUSTOMER_ID: Final = pattern_check(
    r"\d+(-\d+)?",
    20,
    "must be at most 20 characters, digits with at most one dash, such as 1234567-12345",
)


@validated
@frozen(kw_only=True, slots=False)
class _Search:
    first_name: str = field(
        converter=to_text,
        repr=False,
        metadata=takes(Rule(text_check(35, "John"), required=True)),
    )
    last_name: str = field(
        converter=to_text,
        repr=False,
        metadata=takes(Rule(text_check(50, "Smith"), required=True)),
    )
    dob: str | datetime.date = field(
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(date_check, required=True)),
    )
    postal_code: str | None = field(
        converter=to_postal_code, repr=False, metadata=takes(Rule(text_check(6, "K1A0B1")))
    )


@sensitive_arguments
def search(
    *,
    first_name: str,
    last_name: str,
    dob: datetime.date | str,
    postal_code: str | None = None,
    local_rules: LocalRules | LocalRulesWord = LocalRules.STRICT,
) -> Call[list[FoundAccount]]:
    """
    Build the call of customers/search: the accounts of a person (spec section 5.6).

    Without a match the API answers 404 (`NotFound`) or an empty list: which one is UNKNOWN. Both
    are passed on unchanged, because a 404 may also mean a wrong URL.

    Args:
        first_name: At most 35 characters.
        last_name: At most 50 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`.
        postal_code: Canadian; sent as six characters in capitals.
        local_rules: Whether rules are checked that no page of the API has: postal codes as Canada
            Post has them, births from 1900.

    Raises:
        ValidationError: The data are invalid; all problems are reported together.
    """
    person = _Search(first_name=first_name, last_name=last_name, dob=dob, postal_code=postal_code)
    if word(LocalRules, "local_rules", local_rules) is LocalRules.STRICT:
        errors = local_errors("", dob=person.dob, postal_code=person.postal_code)
        if errors:
            raise ValidationError(field_errors=errors)
    query = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "dob": str(person.dob),
    }
    if person.postal_code:
        query["postal_code"] = person.postal_code
    return Call(
        endpoint=CUSTOMERS_SEARCH,
        method="GET",
        path="client-id/{client_id}/customers/search",
        scope=Scope.MERCHANT,
        result=list[FoundAccount],
        replay=Replay.SAFE,
        query=query,
    )


@validated
@frozen(kw_only=True, slots=False)
class _Lookup:
    account_number: int | str | None = field(
        converter=to_number_text, repr=False, metadata=takes(Rule(ACCOUNT_TEXT))
    )
    vcc_number: Secret | str | None = field(
        converter=to_card, repr=False, metadata=takes(Rule(CARD))
    )
    customer_id: int | str | None = field(
        converter=to_number_text, repr=False, metadata=takes(Rule(_CUSTOMER_ID))
    )
    lang: Language | LanguageWord = field(converter=to_language, metadata=takes(LANGUAGE))

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield one error if every identifier is missing, and one for each beyond the first."""
        given = [name for name in _ONE_OF if getattr(self, name) not in (None, "")]
        if not given:
            yield FieldError(_ONE_OF[0], REQUIRED, hint=ONE_IDENTIFIER)
        for name in given[1:]:
            yield FieldError(name, INVALID, hint=f"give only one identifier: {given[0]} is set")


@sensitive_arguments
def lookup(
    *,
    account_number: int | str | None = None,
    vcc_number: Secret | str | None = None,
    customer_id: int | str | None = None,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> Call[CustomerAccount]:
    """
    Build the call of customers/lookup: one account by one of three identifiers (spec section 5.7).

    Args:
        account_number: Up to 14 digits.
        vcc_number: Card number, up to 16 digits.
        customer_id: From customers/search, such as `1234567-12345`; at most 20 characters.
        lang: Language of the answer.

    Raises:
        ValidationError: Not exactly one identifier is given, or it is invalid.

    Expect `NotFound`, `AccountNotUsable` and `NotPermitted` (accounts of this kind cannot make
    regular purchases).
    """
    asked = _Lookup(
        account_number=account_number, vcc_number=vcc_number, customer_id=customer_id, lang=lang
    )
    query = {"lang": str(asked.lang)}
    if asked.account_number:
        query["account_number"] = str(asked.account_number)
    if isinstance(asked.vcc_number, Secret):
        query["vcc_number"] = asked.vcc_number.reveal()
    if asked.customer_id:
        query["customer_id"] = str(asked.customer_id)
    return Call(
        endpoint=CUSTOMERS_LOOKUP,
        method="GET",
        path="client-id/{client_id}/customers/lookup",
        scope=Scope.MERCHANT,
        result=CustomerAccount,
        replay=Replay.SAFE,
        query=query,
    )
