"""
transactions: deposits, in-store payments and trade-ins (spec section 5.11).

The only call that moves money and can be repeated: with a `payment_id` it carries an idempotency
key, and the API answers a repeat with its first answer (spec section 1.3).

The merchant computes key and hash; the portal specifies neither length nor algorithm. So:

* `x-idempotency-key` is derived from the shop's payment id alone: the first 32 hex digits of
  SHA-256 of `flexiti-async/transactions/1`, a zero byte and the id in UTF-8. The same payment has
  the same key in every process, with any credentials, after any restart, without a store.
* `x-context-hash` is SHA-256 in hex of the bytes of the body. They are the same for the same
  payment, because the body is normalized first: names sorted, amounts with two decimal places.
  Flexiti warns when a key has another hash, that is when one payment id is used for two payments.
"""

import enum
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Any, Final, Literal

from attrs import evolve, field, frozen

from flexiti_async.api.common import CARD, Language, LanguageWord, money
from flexiti_async.api.converters import (
    to_account_number,
    to_card,
    to_money,
    to_optional_id,
    to_word,
)
from flexiti_async.api.endpoints import TRANSACTIONS
from flexiti_async.api.payment_fields import (
    ACCOUNT,
    EXTERNAL_ID,
    ONE_IDENTIFIER,
    REQUEST_ID,
    code_check,
    given,
    language_query,
    to_code,
)
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import json_body, wrong_type
from flexiti_async.protocol.call import Json, OperationCall, OperationKind, Replay
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.model import AnswerModel, RequestModel
from flexiti_async.protocol.secret import Secret, not_pickled
from flexiti_async.protocol.structuring import no_extra, wire_name
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import REQUIRED, one_of_check, text_check

__all__ = [
    "Transaction",
    "TransactionRequest",
    "TransactionType",
    "TransactionTypeWord",
    "context_hash",
    "idempotency_key",
    "make_transaction",
]

_NAMESPACE: Final = "flexiti-async/transactions/1"
_EXACT: Final = Context(prec=60)


class TransactionType(enum.StrEnum):
    """Kind of transaction."""

    DEPOSIT = "deposit"
    INSTORE_PAYMENT = "instore_payment"
    TRADEIN = "tradein"
    PROMOTIONAL_PURCHASE = "promotional_purchase"
    """Of the v2.5 era; later purchases are authorizations."""
    REGULAR_PURCHASE = "regular_purchase"
    """Of the v2.5 era; later purchases are authorizations."""


TransactionTypeWord = Literal[
    "deposit",
    "instore_payment",
    "tradein",
    "promotional_purchase",
    "regular_purchase",
]
"""A `TransactionType` as text."""


def _to_type(value: TransactionType | TransactionTypeWord) -> Any:  # noqa: ANN401 - see `converters`
    return to_word(TransactionType, value)


@validated
@frozen(kw_only=True, slots=False)
class TransactionRequest(RequestModel):
    """
    The data of a transaction.

    At least one of account number, card number and customer id is required. Invalid data raise
    `ValidationError` at construction, all problems together.

    Attributes:
        transaction_type: Kind of transaction.
        amount: Dollars, at most two decimal places, never a float.
        verification_code: From `verify`, or as read out by the customer; usually four digits, which
            is not enforced. It is sent as a number unless it starts with a zero.
        account_number: Up to 14 digits.
        vcc_number: FlexitiCard number, up to 16 digits.
        customer_id: At most 20 characters, such as `1234567-12345`.
        request_id: In store, the request id of `verify`; at most 150 characters.
        external_location_id: In store, the shop's number of the store.
        external_employee_id: In store, the shop's number of the employee.
    """

    transaction_type: TransactionType | TransactionTypeWord = field(
        converter=_to_type, metadata=takes(Rule(one_of_check(TransactionType), required=True))
    )
    amount: Decimal | int | str = field(converter=to_money, metadata=takes(money(required=True)))
    verification_code: int | str = field(
        converter=to_code, repr=False, metadata=takes(Rule(code_check, required=True))
    )
    account_number: int | str | None = field(
        default=None, converter=to_account_number, repr=False, metadata=takes(Rule(ACCOUNT))
    )
    vcc_number: Secret | str | None = field(
        default=None, converter=to_card, repr=False, metadata=takes(Rule(CARD))
    )
    customer_id: str | None = field(
        default=None,
        converter=to_optional_id,
        repr=False,
        metadata=takes(Rule(text_check(20, "1234567-12345"))),
    )
    request_id: str | None = field(
        default=None, converter=to_optional_id, metadata=takes(Rule(REQUEST_ID))
    )
    external_location_id: str | None = field(
        default=None, converter=to_optional_id, metadata=takes(Rule(EXTERNAL_ID))
    )
    external_employee_id: str | None = field(
        default=None, converter=to_optional_id, metadata=takes(Rule(EXTERNAL_ID))
    )

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield one error if every identifier is missing."""
        if not (self.account_number not in (None, "") or self.vcc_number or self.customer_id):
            yield FieldError("account_number", REQUIRED, hint=ONE_IDENTIFIER)

    def body(self) -> dict[str, object]:
        """Build the body of the call."""
        return given(
            transaction_type=self.transaction_type,
            amount=self.amount,
            account_number=self.account_number,
            vcc_number=self.vcc_number,
            customer_id=self.customer_id,
            verification_code=self.verification_code,
            request_id=self.request_id,
            external_location_id=self.external_location_id,
            external_employee_id=self.external_employee_id,
        )


@not_pickled
@frozen
class Transaction(AnswerModel):
    """
    The answer of transactions; its content is UNKNOWN.

    Attributes:
        extra: The answer as received; not in the repr.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))


def idempotency_key(payment_id: str) -> str:
    """
    Compute the `x-idempotency-key` of a payment: 32 hex digits, always the same for the same id.

    Args:
        payment_id: The shop's id of the payment, unique, used verbatim.

    Raises:
        ValidationError: The payment id is empty, or no text.
    """
    problem = wrong_type("payment_id", payment_id, str)
    if problem is not None:
        raise problem
    if not payment_id.strip():
        hint = "must be the shop's own id of the payment, such as payment-17"
        raise ValidationError(field_errors=[FieldError("payment_id", REQUIRED, None, hint)])
    named = f"{_NAMESPACE}\0{payment_id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).hexdigest()[:32]


@sensitive_arguments
def context_hash(body: Json) -> str:
    """
    Compute the `x-context-hash` of a body: SHA-256, in hex, of the bytes that are sent.

    Raises:
        ValidationError: It is not a JSON object.
    """
    return hashlib.sha256(encode(json_body("body", body))).hexdigest()


@sensitive_arguments
def make_transaction(
    request: TransactionRequest,
    *,
    payment_id: str | None = None,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> OperationCall[Transaction]:
    """
    Build the call of transactions, at v2.5.1; v2.5 is older.

    With a `payment_id` it is safe to repeat, for the library and for the shop: after a crash,
    `OutcomeUnknown` or any doubt, repeat the same call with the same id. Without one it is never
    repeated automatically.

    Args:
        request: The data of the transaction.
        payment_id: The shop's id of this payment; a new one for each payment.
        lang: Language of the answer.

    Raises:
        ValidationError: The language is unknown, the payment id is empty, or the request is of
            another type.
    """
    problem = wrong_type("request", request, TransactionRequest)
    if problem is not None:
        raise problem
    call = OperationCall(
        endpoint=TRANSACTIONS,
        method="POST",
        path="client-id/{client_id}/transactions",
        scope=Scope.MERCHANT,
        result=Transaction,
        replay=Replay.NEVER,
        kind=OperationKind.TRANSACTION,
        version="v2.5.1",
        body=_in_order(request.body()),
        query=language_query(lang),
    )
    if payment_id is None:
        return call
    headers = {
        "x-idempotency-key": idempotency_key(payment_id),
        "x-context-hash": context_hash(call.body or {}),
    }
    return evolve(call, replay=Replay.SAFE, headers=headers)


def _in_order(body: Json) -> dict[str, object]:
    """Normalize a body, so that equal ones have equal bytes: sorted names, two decimal places."""
    return {
        name: value.quantize(Decimal("0.01"), context=_EXACT)
        if isinstance(value, Decimal)
        else value
        for name, value in sorted(body.items())
    }
