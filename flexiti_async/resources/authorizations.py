"""`flexiti.authorizations`: authorizations, captures, releases, returns and refunds."""

from collections.abc import AsyncGenerator, Coroutine, Mapping
from decimal import Decimal
from typing import Any, TypeVar, cast

from attrs import evolve

from flexiti_async.api.authorization_lists import (
    AuthorizationPage,
    AuthorizationSearch,
    CapturePage,
    list_authorizations,
    list_captures,
)
from flexiti_async.api.authorizations import Authorization, authorize, get_authorization
from flexiti_async.api.captures import Capture, Release, capture, release
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.paging import MOST_PAGES
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.api.refunds import Refund, refund
from flexiti_async.api.returns import Return, return_capture
from flexiti_async.api.sku_data import SkuData
from flexiti_async.operations.keys import IdempotencyKey, reference_of
from flexiti_async.operations.operations import Operations
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.call import Call, OperationCall
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.sending import Send, every
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Authorizations"]

T = TypeVar("T")

# Plain functions that return a coroutine: see `flexiti_async.resources.customers`.


class Authorizations:
    """
    Authorizations and the calls that follow them (spec sections 5.12 and 5.13).

    Methods raise ValidationError before anything is sent, and the errors of `FlexitiSession.send`.
    Calls that move money need an `idempotency_key`, the shop's own name for what is paid for: the
    order, the shipment, the return. They run at most once per key: a later call with the same key
    returns the recorded answer, `replayed`; `flexiti.operations.run` has the errors. Where a call
    has a `reference`, which Flexiti's lists show, it defaults to the key if that has 40 characters
    at most: `flexiti.operations.look_up` finds the call by it. `reference_id` is the
    `x-reference-id` of the flow.

    Args:
        send: Sends the calls.
        operations: Makes the calls that move money.
    """

    def __init__(self, send: Send, operations: Operations) -> None:
        self._send = send
        self._operations = operations

    @sensitive_arguments
    def authorize(
        self,
        purchase: OnlinePurchase | InStorePurchase,
        *,
        idempotency_key: IdempotencyKey,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Authorization]:
        """
        Reserve credit for a purchase.

        Online, `checkout.authorize()` makes the same call with the token of the widget session;
        this method uses any token of its scope. Expect CreditExceeded,
        PlanNotAvailable, CustomerNotIdentified and NotVerified.
        """
        problem = wrong_type("purchase", purchase, OnlinePurchase, InStorePurchase)
        if problem is not None:
            raise problem
        reference = reference_of(idempotency_key, purchase.reference)
        if reference != purchase.reference:
            purchase = evolve(cast("Any", purchase), reference=reference)
        call = authorize(purchase, lang=lang)
        return self._run(call, idempotency_key, reference_id)

    @sensitive_arguments
    def get(
        self,
        authorization_id: int | str,
        *,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Authorization]:
        """Look up one authorization. Expect NotFound."""
        call = get_authorization(authorization_id, lang=lang)
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def all(
        self,
        search: AuthorizationSearch | None = None,
        *,
        page_size: int | None = None,
        most_pages: int = MOST_PAGES,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> AsyncGenerator[Authorization, None]:
        """
        List authorizations: `async for authorization in flexiti.authorizations.all(): ...`.

        Pages are requested one by one, as the loop proceeds. If the list shifts meanwhile, no item
        comes twice; one that has moved to a page that was read already is not seen. If the list has
        not ended after `most_pages` pages, it raises MalformedAnswer.
        """

        def page(number: int) -> Call[AuthorizationPage]:
            return list_authorizations(search, page_number=number, page_size=page_size, lang=lang)

        return every(self._send, page, most_pages=most_pages, reference_id=reference_id)

    @sensitive_arguments
    def captures(
        self,
        query: Mapping[str, str] | None = None,
        *,
        page_size: int | None = None,
        most_pages: int = MOST_PAGES,
        reference_id: ReferenceId | None = None,
    ) -> AsyncGenerator[Capture, None]:
        """List captures, like `all`. The parameters of the endpoint are UNKNOWN."""

        def page(number: int) -> Call[CapturePage]:
            return list_captures(query, page_number=number, page_size=page_size)

        return every(self._send, page, most_pages=most_pages, reference_id=reference_id)

    @sensitive_arguments
    def capture(
        self,
        authorization_id: int | str,
        amount: Decimal | int | str,
        *,
        idempotency_key: IdempotencyKey,
        reference: str | None = None,
        sku_data: SkuData | None = None,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Capture]:
        """
        Collect an authorized amount, or a part of it.

        Expect AuthorizationEnded, AmountExceeded and NotPermitted.
        """
        call = capture(
            authorization_id,
            amount,
            reference=reference_of(idempotency_key, reference),
            sku_data=sku_data,
            lang=lang,
        )
        return self._run(call, idempotency_key, reference_id)

    @sensitive_arguments
    def release(
        self,
        authorization_id: int | str,
        *,
        idempotency_key: IdempotencyKey,
        amount: Decimal | int | str | None = None,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Release]:
        """
        Void the part that was not captured.

        Expect AuthorizationEnded, AmountExceeded and NotPermitted.
        """
        call = release(authorization_id, amount=amount)
        return self._run(call, idempotency_key, reference_id)

    @sensitive_arguments
    def return_(
        self,
        authorization_id: int | str,
        capture_id: int | str,
        *,
        idempotency_key: IdempotencyKey,
        amount: Decimal | int | str | None = None,
        full_return: bool | None = None,
        reference: str | None = None,
        vcc_number: Secret | str | None = None,
        sku_data: SkuData | None = None,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Return]:
        """
        Credit back a capture, or a part of it: an `amount`, or `full_return=True`.

        Expect AmountExceeded, ReturnTooLate and WrongTransactionType.
        """
        call = return_capture(
            authorization_id,
            capture_id,
            amount=amount,
            full_return=full_return,
            reference=reference_of(idempotency_key, reference),
            vcc_number=vcc_number,
            sku_data=sku_data,
        )
        return self._run(call, idempotency_key, reference_id)

    @sensitive_arguments
    def refund(
        self,
        account_number: int | str,
        amount: Decimal | int | str,
        *,
        idempotency_key: IdempotencyKey,
        reference: str | None = None,
        capture_id: int | str | None = None,
        external_location_id: str | None = None,
        external_employee_id: str | None = None,
        vcc_number: Secret | str | None = None,
        sku_data: SkuData | None = None,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Refund]:
        """
        Credit an account, independently of an authorization.

        Expect AmountExceeded and LocationNotFound.
        """
        call = refund(
            account_number,
            amount,
            reference=reference_of(idempotency_key, reference),
            capture_id=capture_id,
            external_location_id=external_location_id,
            external_employee_id=external_employee_id,
            vcc_number=vcc_number,
            sku_data=sku_data,
        )
        return self._run(call, idempotency_key, reference_id)

    def _run(
        self,
        call: OperationCall[T],
        idempotency_key: IdempotencyKey,
        reference_id: ReferenceId | None,
    ) -> Coroutine[object, None, T]:
        return self._operations.run(
            call, idempotency_key=idempotency_key, reference_id=reference_id
        )
