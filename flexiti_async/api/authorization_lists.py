"""
Lists of authorizations and of captures, page by page (spec section 5.12, rows 20 and 22 of 0).

What an answer looks like is UNKNOWN: see `flexiti_async.api.paging`. `flexiti.authorizations.all()`
and `flexiti.authorizations.captures()` go through all pages.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Self

from attrs import field, frozen

from flexiti_async.api.authorizations import Authorization, AuthorizationStatus
from flexiti_async.api.captures import Capture
from flexiti_async.api.common import Language, to_digits, to_iso_date
from flexiti_async.api.endpoints import AUTHORIZATIONS, CAPTURES
from flexiti_async.api.paging import Page, page_query, read_page
from flexiti_async.api.payment_fields import ACCOUNT, WORD, given, language_query
from flexiti_async.api.purchases import PurchaseType
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import INVALID, date_check

__all__ = [
    "AuthorizationPage",
    "AuthorizationSearch",
    "CapturePage",
    "list_authorizations",
    "list_captures",
]


@frozen
class AuthorizationPage(Page[Authorization]):
    """One page of authorizations; what the answer looks like is UNKNOWN, see `Page`."""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read an array, or an object that holds one list. Raises UnfitError."""
        return cls(*read_page(data, Authorization))


@frozen
class CapturePage(Page[Capture]):
    """One page of captures; what the answer looks like is UNKNOWN, see `Page`."""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read an array, or an object that holds one list. Raises UnfitError."""
        return cls(*read_page(data, Capture))


@validated
@frozen(kw_only=True)
class AuthorizationSearch:
    """
    Which authorizations to list; all of it is optional.

    Bad data are refused at construction by `ValidationError`, all faults at once.

    Attributes:
        account_number: Up to 14 digits.
        transaction_type: As in `PurchaseType`; others are passed on.
        authorization_status: As in `AuthorizationStatus`; others are passed on.
        creation_date_from: A date or `YYYY-MM-DD`.
        creation_date_to: A date or `YYYY-MM-DD`, not before the other. Whether that day is in the
            list, and by which time zone, is UNKNOWN.
    """

    account_number: int | str | None = field(
        default=None, converter=to_digits, repr=False, metadata=takes(Rule(ACCOUNT))
    )
    transaction_type: PurchaseType | str | None = field(default=None, metadata=takes(Rule(WORD)))
    authorization_status: AuthorizationStatus | str | None = field(
        default=None, metadata=takes(Rule(WORD))
    )
    creation_date_from: datetime.date | str | None = field(
        default=None, converter=to_iso_date, metadata=takes(Rule(date_check))
    )
    creation_date_to: datetime.date | str | None = field(
        default=None, converter=to_iso_date, metadata=takes(Rule(date_check))
    )

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Find days in the wrong order; dates written like this sort like texts."""
        start, end = self.creation_date_from, self.creation_date_to
        if any(date_check(day) for day in (start, end)):
            return
        if str(start) > str(end):
            yield FieldError("creation_date_to", INVALID, mask(end))

    def query(self) -> dict[str, str]:
        """Make the query of what is asked for."""
        asked = given(
            account_number=self.account_number,
            transaction_type=self.transaction_type,
            authorization_status=self.authorization_status,
            creation_date_from=self.creation_date_from,
            creation_date_to=self.creation_date_to,
        )
        return {name: str(value) for name, value in asked.items()}


def list_authorizations(
    search: AuthorizationSearch | None = None,
    *,
    page_number: int | None = None,
    page_size: int | None = None,
    lang: Language | str = Language.ENGLISH,
    version: str | None = None,
) -> Call[AuthorizationPage]:
    """
    Make the call that lists authorizations, one page of them.

    Args:
        search: Which ones; all of the merchant's by default.
        page_number: From 1 on; the server's own choice by default.
        page_size: How many on a page; the portal's sample has 10, the limit is UNKNOWN.
        lang: Language of the answer.
        version: Version segment of the URL; see `Call.at_version`.

    Raises:
        ValidationError: A number is less than 1, or the language is none.
    """
    call = Call(
        endpoint=AUTHORIZATIONS,
        method="GET",
        path="client-id/{client_id}/authorizations",
        scope=Scope.MERCHANT,
        result=AuthorizationPage,
        replay=Replay.SAFE,
        version="v2.5.1",
        query={
            **language_query(lang),
            **(search or AuthorizationSearch()).query(),
            **page_query(page_number, page_size),
        },
    )
    return call.at_version(version)


def list_captures(
    query: Mapping[str, str] | None = None,
    *,
    page_number: int | None = None,
    page_size: int | None = None,
    version: str | None = None,
) -> Call[CapturePage]:
    """
    Make the call that lists captures, one page of them.

    The parameters of this endpoint are UNKNOWN. `page_number` and `page_size` are those of its
    sibling, `list_authorizations`, and are sent only if they are given.

    Args:
        query: Other parameters, in the names that Flexiti gave to the shop.
        page_number: From 1 on.
        page_size: How many on a page.
        version: Version segment of the URL; see `Call.at_version`.

    Raises:
        ValidationError: A number is less than 1.
    """
    call = Call(
        endpoint=CAPTURES,
        method="GET",
        path="client-id/{client_id}/captures",
        scope=Scope.MERCHANT,
        result=CapturePage,
        replay=Replay.SAFE,
        version="v2.5.1",
        query={**(query or {}), **page_query(page_number, page_size)},
    )
    return call.at_version(version)
