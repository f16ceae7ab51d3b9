"""
customers: find a customer's accounts, and look one account up (spec sections 5.6 and 5.7).

Data of persons are out of every repr, and out of the frames of what is raised here.
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
from flexiti_async.api.canada import birth_date_check, postal_code_check, to_postal_code
from flexiti_async.api.common import (
    ACCOUNT_TEXT,
    CARD,
    LANGUAGE,
    Language,
    to_card,
    to_iso_date,
    to_number_text,
)
from flexiti_async.api.endpoints import CUSTOMERS_LOOKUP, CUSTOMERS_SEARCH
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import INVALID, REQUIRED, pattern_check, text_check

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


@validated
@frozen(kw_only=True)
class _Search:
    first_name: str = field(repr=False, metadata=takes(Rule(text_check(35), required=True)))
    last_name: str = field(repr=False, metadata=takes(Rule(text_check(50), required=True)))
    dob: str | datetime.date = field(
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(birth_date_check, required=True)),
    )
    postal_code: str | None = field(
        converter=to_postal_code, repr=False, metadata=takes(Rule(postal_code_check))
    )


@sensitive_arguments
def search(
    *,
    first_name: str,
    last_name: str,
    dob: datetime.date | str,
    postal_code: str | None = None,
    version: str | None = None,
) -> Call[list[FoundAccount]]:
    """
    Make the call of customers/search: the accounts of a person (spec section 5.6).

    That nobody is found comes as `NotFound` or as an empty list: which one is UNKNOWN, and both
    are passed on as they are, because a 404 may also mean a wrong URL.

    Args:
        first_name: At most 35 characters.
        last_name: At most 50 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`.
        postal_code: Canadian; sent as six characters in capitals.
        version: Version segment of the URL; see `Call.at_version`.

    Raises:
        ValidationError: The data are wrong; all faults at once.
    """
    who = _Search(first_name=first_name, last_name=last_name, dob=dob, postal_code=postal_code)
    query = {"first_name": who.first_name, "last_name": who.last_name, "dob": str(who.dob)}
    if who.postal_code:
        query["postal_code"] = who.postal_code
    return Call(
        endpoint=CUSTOMERS_SEARCH,
        method="GET",
        path="client-id/{client_id}/customers/search",
        scope=Scope.MERCHANT,
        result=list[FoundAccount],
        replay=Replay.SAFE,
        query=query,
    ).at_version(version)


@validated
@frozen(kw_only=True)
class _Lookup:
    account_number: int | str | None = field(
        converter=to_number_text, repr=False, metadata=takes(Rule(ACCOUNT_TEXT))
    )
    vcc_number: Secret | str | None = field(
        converter=to_card, repr=False, metadata=takes(Rule(CARD))
    )
    customer_id: int | str | None = field(
        converter=to_number_text, repr=False, metadata=takes(Rule(pattern_check(r"\d+(-\d+)?", 20)))
    )
    lang: Language | str = field(metadata=takes(LANGUAGE))

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Find that there is no identifier, or more than one."""
        given = [name for name in _ONE_OF if getattr(self, name) not in (None, "")]
        if not given:
            yield from (FieldError(name, REQUIRED) for name in _ONE_OF)
        for name in given[1:]:
            yield FieldError(name, INVALID, hint=f"{given[0]} is given already; one is enough")


@sensitive_arguments
def lookup(
    *,
    account_number: int | str | None = None,
    vcc_number: Secret | str | None = None,
    customer_id: int | str | None = None,
    lang: Language | str = Language.ENGLISH,
    version: str | None = None,
) -> Call[CustomerAccount]:
    """
    Make the call of customers/lookup: one account, by exactly one of three (spec section 5.7).

    Args:
        account_number: Up to 14 digits.
        vcc_number: Card number, up to 16 digits.
        customer_id: From customers/search, such as `1234567-12345`; at most 20 characters.
        lang: Language of the answer.
        version: Version segment of the URL; see `Call.at_version`.

    Raises:
        ValidationError: None or several are given, or one is wrong.

    A shop catches `NotFound`, `AccountNotUsable` and `NotPermitted` (no regular purchase for
    accounts of this kind).
    """
    who = _Lookup(
        account_number=account_number, vcc_number=vcc_number, customer_id=customer_id, lang=lang
    )
    query = {"lang": str(who.lang)}
    if who.account_number:
        query["account_number"] = str(who.account_number)
    if isinstance(who.vcc_number, Secret):
        query["vcc_number"] = who.vcc_number.reveal()
    if who.customer_id:
        query["customer_id"] = str(who.customer_id)
    return Call(
        endpoint=CUSTOMERS_LOOKUP,
        method="GET",
        path="client-id/{client_id}/customers/lookup",
        scope=Scope.MERCHANT,
        result=CustomerAccount,
        replay=Replay.SAFE,
        query=query,
    ).at_version(version)
