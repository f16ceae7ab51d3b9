"""`flexiti.transactions`: deposits, in-store payments and trade-ins."""

from collections.abc import Coroutine

from flexiti_async.api.common import Language
from flexiti_async.api.transactions import Transaction, TransactionRequest, make_transaction
from flexiti_async.resources.sending import Send

__all__ = ["Transactions"]

# Plain functions that return a coroutine: see `flexiti_async.resources.customers`.


class Transactions:
    """
    Transactions (spec section 5.11).

    Args:
        send: Sends the calls.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def make(
        self,
        request: TransactionRequest,
        *,
        payment_id: str | None = None,
        lang: Language | str = Language.ENGLISH,
        reference_id: str | None = None,
    ) -> Coroutine[object, None, Transaction]:
        """
        Make a transaction; with the shop's `payment_id` it is safe to repeat and runs once.

        Expect WrongVerification, CreditExceeded, AmountExceeded and AccountNotUsable.

        Raises:
            ValidationError: The data are invalid; nothing was sent.
            OutcomeUnknown: Without a `payment_id`: it may or may not have run.
        """
        call = make_transaction(request, payment_id=payment_id, lang=lang)
        return self._send(call, reference_id=reference_id)
