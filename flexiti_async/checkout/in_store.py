"""`InStoreCheckout`: the steps at a counter, made with a merchant token (spec section 7.5)."""

import uuid
from decimal import Decimal
from typing import Unpack, overload

from attrs import evolve

from flexiti_async.api.account_models import CustomerAccount
from flexiti_async.api.accounts import (
    Verification,
    VerificationFormat,
    VerificationFormatWord,
    verify,
)
from flexiti_async.api.authorizations import Authorization, authorize
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.customers import lookup
from flexiti_async.api.plans import Plans, calculate_interest
from flexiti_async.api.purchases import (
    InStorePurchase,
    PurchaseType,
    PurchaseTypeWord,
    Regular,
)
from flexiti_async.api.sku_data import SkuData
from flexiti_async.checkout.base import Checkout
from flexiti_async.checkout.payment import CounterPayment, pay
from flexiti_async.events.checkouts import CheckoutVerified
from flexiti_async.operations.keys import reference_of
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments

__all__ = ["InStoreCheckout"]


class InStoreCheckout(Checkout):
    """
    One customer's purchase at a counter.

    `FlexitiSession.in_store_checkout()` starts it, `resume_in_store()` resumes it. Its steps are
    `lookup`, `plans`, `verify`, `authorize`. It has no widget, because its merchant token must not
    reach a browser.

    Each method checks that it is allowed, and its data, before anything is sent; `next_steps` names
    the methods that are allowed now. `authorize` runs at most once for the idempotency key: a
    second call returns the recorded answer. While its outcome is unknown every step but `plans` and
    `authorize` raises OutcomeUnknown.
    """

    @sensitive_arguments
    async def lookup(
        self,
        *,
        account_number: int | str | None = None,
        vcc_number: Secret | str | None = None,
        customer_id: int | str | None = None,
        lang: Language | LanguageWord = Language.ENGLISH,
    ) -> CustomerAccount:
        """
        Look up the customer's account by exactly one of three keys (customers/lookup).

        It replaces an account that was found before, and its verification.

        Args:
            account_number: Up to 14 digits.
            vcc_number: Card number, up to 16 digits.
            customer_id: From customers/search.
            lang: Language of the answer.

        Raises:
            ValidationError: Not exactly one key, or an invalid one.
            CheckoutError: Not allowed now, or another process has taken a step.
            OperationInProgress: The authorization of this checkout is being made.
            OutcomeUnknown: It may or may not have run.
            ApiError: The API rejected it: an unknown account, or one that cannot buy.
        """
        flow = self._flow
        flow.row("lookup")
        call = lookup(
            account_number=account_number,
            vcc_number=vcc_number,
            customer_id=customer_id,
            lang=lang,
        )
        requested = call.query.get("account_number")
        del account_number, vcc_number, customer_id  # this frame may end up in a traceback
        row = await flow.ready("lookup")
        before = flow.state
        answer = await flow.send_pinned(call)
        after = evolve(
            before,
            step=row.to,
            account_number=answer.account_number or requested,
            request_id=None,
            verification_code=None,
        )
        await flow.saved.transition(before, after)
        return answer

    async def plans(
        self, amount: Decimal | int | str, *, lang: Language | LanguageWord = Language.ENGLISH
    ) -> Plans:
        """
        Return the plans for an amount, with their costs (calculate-interest).

        They are for the account that was looked up.

        Args:
            amount: Dollars, at most two places, never a float.
            lang: Language of the texts.

        Raises:
            ValidationError: Invalid amount.
            CheckoutError: Not allowed now.
            CheckoutExpired: The flow has ended with its token.
            ApiError: The API rejected the call.
        """
        self._flow.row("plans")
        call = calculate_interest(self.account_number or "", amount, lang=lang)
        return await self._flow.send_pinned(call)

    @sensitive_arguments
    async def verify(
        self,
        format: VerificationFormat | VerificationFormatWord = VerificationFormat.SMS,  # noqa: A002 - the API's word
        *,
        request_id: str | None = None,
        security_qid: int | str | None = None,
        security_answer: Secret | str | None = None,
        vcc_number: Secret | str | None = None,
    ) -> Verification:
        """
        Verify the customer who was looked up.

        A code in the answer is saved for `authorize`; a code that was sent to the customer is
        passed to `authorize`.

        Args:
            format: The method of verification.
            request_id: The shop's own id, at most 150 characters; by default one is drawn. The
                checkout keeps it for further codes and for the authorization.
            security_qid: Id of the question, for `security_question`.
            security_answer: The customer's answer, at most 50 characters.
            vcc_number: Card number of an authorized user of a business account.

        Raises:
            ValidationError: Invalid data.
            CheckoutError: Not allowed now, or another process has taken a step.
            ApiError: The API rejected it: a wrong answer, too many of them, or an unavailable
                method.
            OperationInProgress: The authorization of this checkout is being made.
            OutcomeUnknown: Whether a code was sent is unknown, and verifying again is allowed; or,
                with an `operation_id`, whether the authorization ran is unknown.
        """
        flow = self._flow
        flow.row("verify")
        before = flow.state
        if request_id is None or _is_empty(request_id):
            request_id = before.request_id or uuid.uuid4().hex
        call = verify(
            before.account_number or "",
            request_id=request_id,
            format=format,
            security_qid=security_qid,
            security_answer=security_answer,
            vcc_number=vcc_number,
        )
        del security_answer, vcc_number  # this frame may end up in a traceback
        row = await flow.ready("verify")
        answer = await flow.send_pinned(call)
        code = None if answer.code is None else Secret(answer.code)
        after = evolve(before, step=row.to, request_id=request_id, verification_code=code)
        await flow.saved.transition(before, after)
        if code is not None and before.verification_code is None:
            flow.report(CheckoutVerified(**flow.facts))
        return answer

    @overload
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: Regular,
        plan_id: int | str | None = None,
        **more: Unpack[CounterPayment],
    ) -> Authorization: ...
    @overload
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: PurchaseType | PurchaseTypeWord,
        plan_id: int | str | None,
        **more: Unpack[CounterPayment],
    ) -> Authorization: ...
    @sensitive_arguments
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: PurchaseType | PurchaseTypeWord,
        external_location_id: str,
        external_employee_id: str,
        auto_capture: bool = False,
        plan_id: int | str | None = None,
        term: int | str | None = None,
        reference: str | None = None,
        sku_data: SkuData | None = None,
        vcc_number: Secret | str | None = None,
        verification_code: Secret | int | str | None = None,
        account_number: int | str | None = None,
        lang: Language | LanguageWord = Language.ENGLISH,
    ) -> Authorization:
        """
        Authorize the purchase, once; with `auto_capture` the whole amount is captured at once.

        The account is the one that was looked up. If the authorization is done, its recorded answer
        is returned (`replayed`), at any step, also after the checkout has ended.

        Args:
            amount: Dollars, at most two places, never a float.
            transaction_type: Promotional or regular.
            external_location_id: The shop's id of the store.
            external_employee_id: The shop's id of the employee.
            auto_capture: Capture the whole amount at once.
            plan_id: From `plans`; required for a promotional purchase.
            term: From `plans`, where the plan has terms.
            reference: The shop's order number, at most 40 characters; by default the idempotency
                key where it fits. It identifies the authorization if the answer is lost.
            sku_data: The items bought.
            vcc_number: FlexitiCard number, for authorized users of an account.
            verification_code: The code that the customer received; not required if the answer to
                `verify` contained it.
            account_number: The account as the shop has kept it, compared with the checkout's.
                Required for a resumed checkout in a shared store without `token_keys`, because
                others may have written its record.
            lang: Language of `message` in the answer.

        Raises:
            ValidationError: Invalid data, or another account; nothing was sent.
            CheckoutError: Not allowed now; nothing was sent.
            CheckoutExpired: The flow has ended with its token; nothing was sent.
            IdempotencyKeyReused: Another amount, plan or account is done or being made under this
                key; nothing was sent.
            OutcomeUnknown: It may or may not have run; see `flexiti.operations.look_up`.
            JournalForgot: The journal may have lost records; nothing was sent.
            StoreUnavailable: The journal is down; nothing was sent.
            ApiError: The API rejected it; the customer may choose another plan.
        """
        flow, state = self._flow, self._flow.state
        code: Secret | int | str = state.verification_code or ""
        if verification_code is not None and not _is_empty(verification_code):
            code = verification_code
        call = None
        if state.account_number is not None and state.request_id is not None:
            purchase = InStorePurchase(
                account_number=state.account_number,
                amount=amount,
                transaction_type=transaction_type,
                auto_capture=auto_capture,
                plan_id=plan_id,
                term=term,
                reference=reference_of(
                    state.idempotency_key, None if _is_empty(reference) else reference
                ),
                sku_data=sku_data,
                vcc_number=vcc_number,
                verification_code=code.reveal() if isinstance(code, Secret) else code,
                request_id=state.request_id,
                external_location_id=external_location_id,
                external_employee_id=external_employee_id,
            )
            call = authorize(purchase, lang=lang)
            del purchase
        confirmed = flow.confirms(account_number)
        # This frame may end up in a traceback.
        del vcc_number, verification_code, code, account_number, state
        return await pay(flow, call, confirmed=confirmed)


def _is_empty(value: object) -> bool:
    """Whether a value is an empty text; other types may raise when they are compared."""
    return isinstance(value, str | Secret) and not value
