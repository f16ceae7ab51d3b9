"""`flexiti.accounts`: the cost of a purchase, in-store verification, closing an account."""

from collections.abc import Coroutine
from decimal import Decimal

from flexiti_async.api import accounts
from flexiti_async.api.accounts import (
    ClosedAccount,
    Verification,
    VerificationFormat,
    VerificationFormatWord,
)
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.plans import Plans, calculate_interest
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.sending import Send
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Accounts"]

# Plain functions that return a coroutine: see `flexiti_async.resources.customers`.


class Accounts:
    """
    One account of a customer (spec sections 5.8 to 5.10).

    Methods raise ValidationError before anything is sent, and the errors of `FlexitiSession.send`.
    `reference_id` is the `x-reference-id` of the flow.

    Args:
        send: Sends the calls.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    @sensitive_arguments
    def plans(
        self,
        account_number: int | str,
        amount: Decimal | int | str,
        *,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Plans]:
        """
        Return the plans that this customer may choose from for an amount, and their cost.

        See `flexiti_async.api.plans.calculate_interest` for the parameters.
        """
        call = calculate_interest(account_number, amount, lang=lang)
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def verify(
        self,
        account_number: int | str,
        *,
        request_id: str,
        format: VerificationFormat | VerificationFormatWord = VerificationFormat.SMS,  # noqa: A002 - the API's word
        security_qid: int | str | None = None,
        security_answer: Secret | str | None = None,
        vcc_number: Secret | str | None = None,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Verification]:
        """
        Verify a customer in the store.

        See `flexiti_async.api.accounts.verify` for the parameters and the errors to expect.
        """
        call = accounts.verify(
            account_number,
            request_id=request_id,
            format=format,
            security_qid=security_qid,
            security_answer=security_answer,
            vcc_number=vcc_number,
        )
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def close(
        self,
        account_number: int | str,
        *,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, ClosedAccount]:
        """
        Close the account of a customer in Quebec.

        See `flexiti_async.api.accounts.close` for the parameters.
        """
        return self._send(accounts.close(account_number), reference_id=reference_id)
