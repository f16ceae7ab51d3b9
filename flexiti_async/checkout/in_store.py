"""The steps at a counter: look the customer up, and verify them (spec section 7.5)."""

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
    """The steps at a counter, made with a merchant token."""

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
            ApiError: The API rejected it: an unknown account, or one that cannot buy.
        """
        row = self._allowed_row("lookup")
        before = self._state
        call = lookup(
            account_number=account_number,
            vcc_number=vcc_number,
            customer_id=customer_id,
            lang=lang,
        )
        requested = call.query.get("account_number")
        del account_number, vcc_number, customer_id  # this frame may end up in a traceback
        answer = await self._send_pinned(call)
        after = evolve(
            before,
            step=row.to,
            account_number=answer.account_number or requested,
            request_id=None,
            verification_code=None,
        )
        await self._saved.transition(before, after)
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
            OutcomeUnknown: Whether a code was sent is unknown; verifying again is allowed.
        """
        row = self._allowed_row("verify")
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
        answer = await self._send_pinned(call)
        code = None if answer.code is None else Secret(answer.code)
        after = evolve(before, step=row.to, request_id=request_id, verification_code=code)
        await self._saved.transition(before, after)
        return answer
