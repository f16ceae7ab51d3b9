"""GET authorizations, authorization/{id} and captures (spec section 5.12)."""

from collections.abc import Sequence
from typing import TypeVar

from flexiti_async.sandbox.endpoints.captures import authorization_in_path
from flexiti_async.sandbox.endpoints.serializers import (
    authorization_view,
    capture_view,
    utc_date,
)
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Authorization, Capture
from flexiti_async.sandbox.validation.fields import Fields, of_query
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import INVALID
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["authorization_by_id", "authorizations", "captures"]

_PAGE_SIZE = 10
_MOST_PAGE_SIZE = 100

T = TypeVar("T")


@invents(
    "authorization/by-id",
    "The answer is that of an authorization, with its captures.",
    spec="5.12",
)
def authorization_by_id(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Return one authorization, with its captures."""
    authorize(incoming, settings, backend.ledger)
    of_query(incoming, settings).check()
    authorization = authorization_in_path(incoming, backend.bank)
    return {
        **authorization_view(authorization),
        "captures": [capture_view(capture) for capture in authorization.captures],
    }


@invents(
    "authorizations",
    (
        "The answer is an object with the list, oldest first, 10 items a page and at most 100; "
        "both dates are inclusive, in UTC."
    ),
    spec="5.12",
)
def authorizations(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Return authorizations, the oldest first; all filters are optional."""
    authorize(incoming, settings, backend.ledger)
    fields = of_query(incoming, settings)
    account_number = fields.number("account_number", 14)
    kind = fields.choice("transaction_type", "promotional_purchase", "regular_purchase")
    status = fields.choice("authorization_status", "opened", "closed", "unauthorized", "onhold")
    first, last = _days(fields)
    page = _page(fields)

    def wanted(each: Authorization) -> bool:
        return (
            (not account_number or each.account.account_number == account_number)
            and (not kind or each.financing.transaction_type == kind)
            and (not status or each.status == status)
            and _between(first, each.at, last)
        )

    found = [each for each in backend.bank.authorizations.values() if wanted(each)]
    rows: list[Json] = [authorization_view(each) for each in _cut(found, page)]
    return _paged("authorizations", rows, page, len(found))


@invents(
    "captures",
    "The parameters and the answer are like those of authorizations.",
    spec="5.12",
)
def captures(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Return captures, the oldest first."""
    authorize(incoming, settings, backend.ledger)
    fields = of_query(incoming, settings)
    account_number = fields.number("account_number", 14)
    authorization_id = fields.number("authorization_id", 16)
    first, last = _days(fields)
    page = _page(fields)

    def wanted(each: Capture) -> bool:
        parent = each.authorization
        return (
            (not account_number or parent.account.account_number == account_number)
            and (not authorization_id or parent.authorization_id == authorization_id)
            and _between(first, each.at, last)
        )

    found = [each for each in backend.bank.captures.values() if wanted(each)]
    return _paged("captures", [capture_view(each) for each in _cut(found, page)], page, len(found))


def _days(fields: Fields) -> tuple[str, str]:
    first = fields.day("creation_date_from")
    last = fields.day("creation_date_to")
    if first and last and last < first:
        fields.refuse("creation_date_to", INVALID)
    return first, last


def _between(first: str, at: float, last: str) -> bool:
    return (not first or first <= utc_date(at)) and (not last or utc_date(at) <= last)


def _page(fields: Fields) -> tuple[int, int]:
    """Read number and size of the page, counted from 1, and check all fields."""
    number = fields.number("page_number", 9) or 1
    size = fields.number("page_size", 9) or _PAGE_SIZE
    if size > _MOST_PAGE_SIZE:
        fields.refuse("page_size", INVALID)
    fields.check()
    return number, size


def _cut(found: Sequence[T], page: tuple[int, int]) -> Sequence[T]:
    number, size = page
    return found[(number - 1) * size : number * size]


def _paged(name: str, rows: list[Json], page: tuple[int, int], total: int) -> Json:
    number, size = page
    return {name: rows, "page_number": number, "page_size": size, "total_count": total}
