"""
Find out at Flexiti whether an operation ran.

| operation | what is asked |
|---|---|
| authorize | the account's authorizations of those days: one with the reference and amount |
| capture | the authorization's captures: one with the reference and amount |
| release, return | nothing shows them; the authorization's remaining amount is reported |
| refund, transaction, apply, others | nothing shows them: ask Flexiti's support |

Only calls that change nothing are sent.
"""

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from flexiti_async.api.authorization_lists import (
    AuthorizationSearch,
    list_authorizations,
    list_captures,
)
from flexiti_async.api.authorizations import (
    Authorization,
    AuthorizationStatus,
    get_authorization,
)
from flexiti_async.api.captures import Capture
from flexiti_async.api.paging import Page, PageWalk
from flexiti_async.api.payment_fields import amount_in, id_in
from flexiti_async.errors import BadRequest, FieldError, MalformedAnswer, NotFound, ValidationError
from flexiti_async.operations.coordinator import OperationsContext
from flexiti_async.operations.matching import Match, Wanted, compare, why_not_told
from flexiti_async.operations.operation import CannotTell, Evidence, LookedUp, NotFoundAtFlexiti
from flexiti_async.operations.record import OperationRecord
from flexiti_async.protocol.call import Call, OperationKind
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validators import INVALID
from flexiti_async.transport.reference_id import reference_id_of

__all__ = ["LookUp"]

T = TypeVar("T")

_DAY: Final = datetime.timedelta(days=1)
_MOST_PAGES: Final = 500
_AMOUNTS: Final = ("amount", "authorization_amount")
_CAPTURED: Final = ("amount", "capture_amount")
_REST: Final = "remaining_authorization_amount"
_NO_REFERENCE: Final = (
    "no reference was sent with it, so it cannot be distinguished from others of the same amount"
)
_NO_ACCOUNT: Final = (
    "the record does not hold the customer's account (it does with token_keys): pass account_number"
)


class LookUp:
    """
    Look one operation up.

    Args:
        context: The parts of the session.
        record: The operation's record.
        account_number: The customer's account, as the caller knows it.

    Raises:
        ValidationError: The account is another one than the record's.
    """

    def __init__(
        self, context: OperationsContext, record: OperationRecord, account_number: Secret | None
    ) -> None:
        self._context = context
        self._record = record
        recorded = record.account_number
        if recorded and account_number and recorded.reveal() != account_number.reveal():
            problem = FieldError("account_number", INVALID, None, "is not the operation's")
            raise ValidationError(field_errors=[problem])
        self._account = recorded or account_number
        self._reference_id = reference_id_of(None)

    async def run(self) -> LookedUp:
        """
        Return what Flexiti's lists show.

        Raises:
            ApiError: The API answered with an error.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
        """
        match self._record.kind:
            case OperationKind.AUTHORIZE:
                return await self._authorize()
            case OperationKind.CAPTURE:
                return await self._capture()
            case OperationKind.RELEASE | OperationKind.RETURN as kind:
                shown = _shown(await self._authorization())
                return CannotTell(f"no list has a {kind.value}; {shown}; {self._support}")
            case kind:
                return CannotTell(f"no list has this call ({kind.value}); {self._support}")

    @property
    def _support(self) -> str:
        return f"ask Flexiti's support about the reference id {self._record.reference_id}"

    def _wanted(self, amounts: tuple[str, ...]) -> Wanted | None:
        record = self._record
        if not record.reference or record.amount is None:
            return None
        return Wanted(record.reference, record.amount, record.began, amounts)

    async def _authorize(self) -> LookedUp:
        wanted = self._wanted(_AMOUNTS)
        if wanted is None:
            return CannotTell(f"{_NO_REFERENCE}; {self._support}")
        if self._account is None:
            return CannotTell(_NO_ACCOUNT)
        began = datetime.datetime.fromtimestamp(wanted.began, datetime.UTC).date()
        # Whether the list includes the last day, and in which time zone, is UNKNOWN.
        first, last = began - _DAY, began + 2 * _DAY
        search = AuthorizationSearch(
            account_number=self._account.reveal(), creation_date_from=first, creation_date_to=last
        )
        found = await self._list(lambda page: list_authorizations(search, page_number=page))
        if isinstance(found, CannotTell):
            return found
        where = f"the account's authorizations from {first} to {last} ({len(found)} of them)"
        return self._among(found, wanted, where)

    def _among(self, found: list[Authorization], wanted: Wanted, where: str) -> LookedUp:
        """Return the authorization that is wanted."""
        matches = [compare(one.extra, wanted) for one in found]
        doubt = why_not_told(matches)
        if doubt is not None:
            return CannotTell(f"{where}: {doubt}; {self._support}")
        if Match.SAME not in matches:
            return NotFoundAtFlexiti(where)
        one = found[matches.index(Match.SAME)]
        if one.authorization_status is AuthorizationStatus.UNAUTHORIZED:
            number = one.authorization_id
            return CannotTell(f"authorization {number} is listed as unauthorized; {self._support}")
        return Evidence(one.authorization_id, one.capture_id)

    async def _capture(self) -> LookedUp:
        number = self._record.authorization_id or ""
        wanted = self._wanted(_CAPTURED)
        authorization = await self._authorization()
        shown = _shown(authorization)
        if wanted is None:
            return CannotTell(f"{_NO_REFERENCE}; {shown}; {self._support}")
        listed = await self._captures(number)
        if isinstance(listed, CannotTell):
            return CannotTell(f"{listed.why}; {shown}; {self._support}")
        own = [one for one in listed if _parent(one.extra) in {None, number}]
        matches = [compare(one.extra, wanted) for one in own]
        doubt = why_not_told(matches)
        if doubt is None and not own and _used(authorization):
            doubt = "it has no capture although a part of the authorization is gone"
        if doubt is not None:
            return CannotTell(f"the list of captures: {doubt}; {shown}; {self._support}")
        if Match.SAME not in matches:
            return NotFoundAtFlexiti(f"the captures of the authorization ({len(own)}); {shown}")
        return Evidence(number, own[matches.index(Match.SAME)].capture_id)

    async def _captures(self, number: str) -> "list[Capture] | CannotTell":
        """List the captures; that the list can be filtered is a guess, so it may be refused."""
        query = {"authorization_id": number}
        try:
            return await self._list(lambda page: list_captures(query, page_number=page))
        except BadRequest:
            return await self._list(lambda page: list_captures(page_number=page))

    async def _authorization(self) -> Authorization | None:
        """Look the authorization up; None if the API does not know it."""
        number = self._record.authorization_id
        if number is None:
            return None
        try:
            return await self._send(get_authorization(number))
        except NotFound:
            return None

    async def _list(self, page: Callable[[int], Call[Page[T]]]) -> list[T] | CannotTell:
        """Return the items of all pages."""
        walk: PageWalk[T] = PageWalk(page(1).endpoint, most_pages=_MOST_PAGES)
        items: list[T] = []
        try:
            while (number := walk.next_page) is not None:
                try:
                    items += walk.take(await self._send(page(number)))
                except NotFound as error:
                    if number == 1:
                        return CannotTell(f"the list cannot be read: {error}")
                    walk.end()
        except MalformedAnswer as error:
            return CannotTell(f"the list cannot be read: {error}")
        return items

    async def _send(self, call: Call[T]) -> T:
        token, source = await self._context.bearer(call.scope)
        return await self._context.client.call(call, self._reference_id, token, source)


def _parent(capture: Mapping[str, object]) -> str | None:
    return id_in(capture, "authorization_id", "authorizationId")


def _used(authorization: Authorization | None) -> bool:
    """Whether a part of an authorization is captured or released."""
    amount, rest = _amounts(authorization)
    return amount is not None and rest is not None and rest != amount


def _amounts(authorization: Authorization | None) -> tuple[Decimal | None, Decimal | None]:
    extra: Mapping[str, object] = {} if authorization is None else authorization.extra
    return amount_in(extra, "amount"), amount_in(extra, _REST)


def _shown(authorization: Authorization | None) -> str:
    """Return what an authorization shows, for a person."""
    if authorization is None:
        return "the authorization is not known to the API"
    amount, rest = _amounts(authorization)
    status = authorization.authorization_status or "an unknown state"
    if rest is None:
        return f"the authorization is in state {status} and does not show what remains of it"
    whole = "" if amount is None else f" of ${amount}"
    return f"the authorization is in state {status}, ${rest}{whole} remain"
