"""The steps of a checkout at a counter: find the customer, verify them (spec section 7.5)."""

import uuid

from attrs import evolve

from flexiti_async.api.account_models import CustomerAccount
from flexiti_async.api.accounts import Verification, VerificationFormat, verify
from flexiti_async.api.common import Language
from flexiti_async.api.customers import lookup
from flexiti_async.checkout.flow import CheckoutFlow
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments

__all__ = ["InStoreSteps"]


class InStoreSteps(CheckoutFlow):
    """What a checkout does at a counter, with a merchant's token."""

    @sensitive_arguments
    async def lookup(
        self,
        *,
        account_number: int | str | None = None,
        vcc_number: Secret | str | None = None,
        customer_id: int | str | None = None,
        lang: Language | str = Language.ENGLISH,
    ) -> CustomerAccount:
        """
        Find the customer's account, by exactly one of three (customers/lookup).

        Another one found before, and its verification, are forgotten.

        Args:
            account_number: Up to 14 digits.
            vcc_number: Card number, up to 16 digits.
            customer_id: From customers/search.
            lang: Language of the answer.

        Raises:
            ValidationError: None or several are given, or one is wrong.
            CheckoutError: Not now, or the checkout was taken further elsewhere.
            ApiError: The API refused: no such account, or not one that can buy.
        """
        row = self._row("lookup")
        before = self._state
        call = lookup(
            account_number=account_number,
            vcc_number=vcc_number,
            customer_id=customer_id,
            lang=lang,
        )
        asked = call.query.get("account_number")
        del account_number, vcc_number, customer_id  # this frame may end up in a traceback
        answer = await self._ask(call)
        after = evolve(
            before,
            step=row.to,
            account_number=answer.account_number or asked,
            request_id=None,
            verification_code=None,
        )
        await self._saved.move(before, after)
        return answer

    @sensitive_arguments
    async def verify(
        self,
        format: VerificationFormat | str = VerificationFormat.SMS,  # noqa: A002 - the API's word
        *,
        request_id: str | None = None,
        security_qid: int | str | None = None,
        security_answer: Secret | str | None = None,
        vcc_number: Secret | str | None = None,
    ) -> Verification:
        """
        Verify the customer, who has been looked up.

        A code in the answer is kept for `authorize`; one that was sent to the customer is read out
        by them, and given to `authorize`.

        Args:
            format: How.
            request_id: At most 150 characters, of the shop's making; by default one is drawn. The
                checkout keeps it for further codes and for the authorization.
            security_qid: Number of the question, for `security_question`.
            security_answer: The customer's answer, at most 50 characters.
            vcc_number: Card number of an authorized user of a business account.

        Raises:
            ValidationError: The data are wrong.
            CheckoutError: Not now, or the checkout was taken further elsewhere.
            ApiError: The API refused: a wrong answer, too many of them, no such format here.
            OutcomeUnknown: Nobody knows whether a code was sent; verifying again is allowed.
        """
        row = self._row("verify")
        before = self._state
        request_id = request_id or before.request_id or uuid.uuid4().hex
        call = verify(
            before.account_number or "",
            request_id=request_id,
            format=format,
            security_qid=security_qid,
            security_answer=security_answer,
            vcc_number=vcc_number,
        )
        del security_answer, vcc_number  # this frame may end up in a traceback
        answer = await self._ask(call)
        code = None if answer.code is None else Secret(answer.code)
        after = evolve(before, step=row.to, request_id=request_id, verification_code=code)
        await self._saved.move(before, after)
        return answer
