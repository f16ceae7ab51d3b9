"""
Lists of authorizations and of captures, page by page (spec section 5.12, rows 20 and 22 of 0).

The shape of an answer is UNKNOWN: see `flexiti_async.api.paging`. `flexiti.authorizations.all()`
and `flexiti.authorizations.captures()` iterate over all pages.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Self

from attrs import astuple, field, frozen

from flexiti_async.api.authorizations import Authorization, AuthorizationStatus
from flexiti_async.api.captures import Capture
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.converters import to_account_number, to_iso_date, to_optional_text
from flexiti_async.api.endpoints import AUTHORIZATIONS, CAPTURES
from flexiti_async.api.paging import Page, page_query, read_page
from flexiti_async.api.payment_fields import ACCOUNT, WORD, given, language_query
from flexiti_async.api.purchases import PurchaseType
from flexiti_async.errors import FieldError
from flexiti_async.protocol.arguments import query_of, wrong_type
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.model import RequestModel
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
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
    """One page of authorizations; the shape of the answer is UNKNOWN, see `Page`."""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read an array, or an object with a list. Raises UnfitError."""
        return cls(*read_page(data, Authorization, AUTHORIZATIONS))

    def keys(self) -> tuple[str, ...]:
        """Return the number of each authorization; without one, all of its fields."""
        return tuple(one.authorization_id or _content(one) for one in self.items)


@frozen
class CapturePage(Page[Capture]):
    """One page of captures; the shape of the answer is UNKNOWN, see `Page`."""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read an array, or an object with a list. Raises UnfitError."""
        return cls(*read_page(data, Capture, CAPTURES))

    def keys(self) -> tuple[str, ...]:
        """Return the number of each capture; without one, all of its fields."""
        return tuple(one.capture_id or _content(one) for one in self.items)


def _content(item: Authorization | Capture) -> str:
    # The repr of the model itself leaves its fields out.
    return repr(astuple(item, recurse=False))


@validated
@frozen(kw_only=True, slots=False)
class AuthorizationSearch(RequestModel):
    """
    A filter for authorizations; every field is optional.

    Invalid data raise `ValidationError` at construction, all problems together.

    Attributes:
        account_number: Up to 14 digits.
        transaction_type: As in `PurchaseType`; other words are sent unchanged.
        authorization_status: As in `AuthorizationStatus`; other words are sent unchanged.
        creation_date_from: A date or `YYYY-MM-DD`.
        creation_date_to: A date or `YYYY-MM-DD`, not before `creation_date_from`. Whether the list
            includes that day, and in which time zone, is UNKNOWN.
    """

    account_number: int | str | None = field(
        default=None, converter=to_account_number, repr=False, metadata=takes(Rule(ACCOUNT))
    )
    transaction_type: PurchaseType | str | None = field(
        default=None, converter=to_optional_text, metadata=takes(Rule(WORD))
    )
    authorization_status: AuthorizationStatus | str | None = field(
        default=None, converter=to_optional_text, metadata=takes(Rule(WORD))
    )
    creation_date_from: datetime.date | str | None = field(
        default=None, converter=to_iso_date, metadata=takes(Rule(date_check))
    )
    creation_date_to: datetime.date | str | None = field(
        default=None, converter=to_iso_date, metadata=takes(Rule(date_check))
    )

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield the end date if it is before the start; ISO dates sort like text."""
        start, end = self.creation_date_from, self.creation_date_to
        if any(date_check.problem(day) for day in (start, end)):
            return
        if str(start) > str(end):
            hint = "must not be before creation_date_from"
            yield FieldError("creation_date_to", INVALID, mask(end), hint)

    def query(self) -> dict[str, str]:
        """Return the query parameters of the fields that have a value."""
        asked = given(
            account_number=self.account_number,
            transaction_type=self.transaction_type,
            authorization_status=self.authorization_status,
            creation_date_from=self.creation_date_from,
            creation_date_to=self.creation_date_to,
        )
        return {name: str(value) for name, value in asked.items()}


@sensitive_arguments
def list_authorizations(
    search: AuthorizationSearch | None = None,
    *,
    page_number: int | None = None,
    page_size: int | None = None,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> Call[AuthorizationPage]:
    """
    Build the call that lists authorizations, one page of them.

    Args:
        search: The filter; all of the merchant's authorizations by default.
        page_number: From 1; the server's choice by default.
        page_size: Items per page; the portal's sample has 10, the limit is UNKNOWN.
        lang: Language of the answer.

    Raises:
        ValidationError: A number is less than 1, the language is unknown, or the filter is of
            another type.
    """
    problem = None if search is None else wrong_type("search", search, AuthorizationSearch)
    if problem is not None:
        raise problem
    return Call(
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


@sensitive_arguments
def list_captures(
    query: Mapping[str, str] | None = None,
    *,
    page_number: int | None = None,
    page_size: int | None = None,
) -> Call[CapturePage]:
    """
    Build the call that lists captures, one page of them.

    The parameters of this endpoint are UNKNOWN. `page_number` and `page_size` are those of
    `list_authorizations`, and are sent only if given.

    Args:
        query: Other parameters, by the names that Flexiti has given to the shop.
        page_number: From 1.
        page_size: Items per page.

    Raises:
        ValidationError: A number is less than 1, or the query is not a mapping of texts.
    """
    return Call(
        endpoint=CAPTURES,
        method="GET",
        path="client-id/{client_id}/captures",
        scope=Scope.MERCHANT,
        result=CapturePage,
        replay=Replay.SAFE,
        version="v2.5.1",
        query={**query_of("query", query), **page_query(page_number, page_size)},
    )
