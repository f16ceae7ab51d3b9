"""`flexiti.transactions`: deposits, in-store payments and trade-ins."""

from collections.abc import Coroutine

from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.transactions import Transaction, TransactionRequest, make_transaction
from flexiti_async.operations.keys import IdempotencyKey, idempotency_key_of
from flexiti_async.operations.operations import Operations
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Transactions"]

# Plain functions that return a coroutine: see `flexiti_async.resources.customers`.


class Transactions:
    """
    Transactions (spec section 5.11).

    Args:
        operations: Makes the calls that move money.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    @sensitive_arguments
    def make(
        self,
        request: TransactionRequest,
        *,
        idempotency_key: IdempotencyKey,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Transaction]:
        """
        Make a transaction, once per `idempotency_key`: the shop's id of this payment.

        The key is the API's own as well (spec section 1.3), so the call is repeated after a lost
        answer, and one whose outcome is unknown may be made again within an hour.

        Expect WrongVerification, CreditExceeded, AmountExceeded and AccountNotUsable.

        Raises:
            ValidationError: The data are invalid; nothing was sent.
            OutcomeUnknown: It may or may not have run.
        """
        key = idempotency_key_of(idempotency_key)
        call = make_transaction(request, payment_id=key, lang=lang)
        return self._operations.run(call, idempotency_key=key, reference_id=reference_id)
