"""POST transactions (spec section 5.11): deposits, payments in store, trade-ins."""

from decimal import Decimal

from attrs import frozen

from flexiti_async.sandbox.endpoints.accounts import wrong_code
from flexiti_async.sandbox.endpoints.serializers import iso_timestamp
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account, Accounts
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Bank, Payment
from flexiti_async.sandbox.state.money import ZERO
from flexiti_async.sandbox.validation.fields import Fields, of_body
from flexiti_async.sandbox.validation.permissions import (
    InStore,
    check_account_type,
    check_location,
    in_store,
)
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import (
    INVALID,
    LENGTH,
    REQUIRED,
    WRONG_FORMAT,
    RefusalError,
    not_found,
)
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["transact"]

_CREDITS = ("deposit", "instore_payment", "tradein")
_PURCHASES = ("promotional_purchase", "regular_purchase")  # of the v2.5 era only
_DAY = 86400.0
_DAILY_LIMIT = Decimal("10000.00")
_MOST_KEY = 255


@frozen
class _Order:
    transaction_type: str
    amount: Decimal
    vcc_number: str
    account_number: int
    customer_id: str
    in_store: InStore
    key: str
    context_hash: str


@invents(
    "transactions",
    ("The answer; that all three types lower the balance and count towards $10,000 in 24 hours."),
    spec="5.11",
)
@invents(
    "transactions",
    "Every transaction is one in store: `request_id`, location and employee are required.",
    spec="5.11",
)
@invents(
    "transactions",
    "Another `x-context-hash` with the same idempotency key is `wrong_inputs`.",
    spec="1.3",
)
def transact(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Credit an account; under v2.5 also charge it with a purchase.

    With `x-idempotency-key`, an earlier success under that key is returned again without another
    effect. How Flexiti "warns" about a different `x-context-hash` is unknown.
    """
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    order = _read(fields, incoming)
    repeat = backend.repeats.get((incoming.client_id, order.key)) if order.key else None
    if repeat is not None:
        earlier_hash, earlier = repeat
        if earlier_hash != order.context_hash:
            fields.refuse("x-context-hash", INVALID)
        fields.check()
        return earlier
    answer = _payment_view(_pay(order, incoming.version, settings, backend))
    if order.key:
        backend.repeats[incoming.client_id, order.key] = (order.context_hash, answer)
    return answer


def _read(fields: Fields, incoming: Incoming) -> _Order:
    names = ("vcc_number", "account_number", "customer_id")
    if not any(name in fields for name in names):
        fields.refuse("account_number", REQUIRED)
    order = _Order(
        transaction_type=fields.text("transaction_type", 100, required=True),
        amount=fields.money(required=True),
        vcc_number=fields.text("vcc_number", 16),
        account_number=fields.number("account_number", 14),
        customer_id=fields.text("customer_id", 20),
        in_store=in_store(fields),
        key=_header(fields, "x-idempotency-key", incoming.idempotency_keys),
        context_hash=_header(fields, "x-context-hash", incoming.context_hashes),
    )
    if order.context_hash and not order.key:
        fields.refuse("x-idempotency-key", REQUIRED)
    for name in ("request_id", "external_location_id", "external_employee_id"):
        fields.require(name)
    fields.check()
    return order


def _header(fields: Fields, name: str, sent: tuple[str, ...]) -> str:
    if len(sent) > 1 or not all(value.isascii() for value in sent):
        return fields.refuse(name, WRONG_FORMAT)
    value = "".join(sent)
    return value if len(value) <= _MOST_KEY else fields.refuse(name, LENGTH)


def _pay(order: _Order, version: str, settings: Settings, backend: Backend) -> Payment:
    account = _account(order, backend.bank.accounts)
    check_account_type(account.account_type, settings)
    check_location(order.in_store.external_location_id, settings)
    types = _CREDITS + (_PURCHASES if version == "v2.5" else ())
    if order.transaction_type not in types:
        raise RefusalError(409, "invalid_transaction_type", "There is no such transaction type.")
    now = settings.now()
    _check_code(order, account, backend, now)
    if not account.activated:
        raise RefusalError(409, "user_not_active", "The customer has not activated the account.")
    if order.transaction_type in _PURCHASES:
        _check_purchase(order, account)
        amount = -order.amount
    else:
        _check_daily_limit(order, account, backend.bank, now)
        amount = order.amount
    backend.codes.use(account.account_number, order.in_store.request_id)
    return backend.bank.pay(account, order.transaction_type, amount, now)


def _account(order: _Order, accounts: Accounts) -> Account:
    """Find the account by the identifiers in the request; a card must belong to that account."""
    found: Account | None = None
    if order.account_number:
        found = accounts.get(order.account_number)
    if order.customer_id:
        owner = accounts.with_customer_id(order.customer_id)
        if owner is None or (found is not None and owner is not found):
            raise not_found("account")
        found = owner
    if found is None:
        found = accounts.with_card(order.vcc_number)
    if found is None:
        raise not_found("card")
    accounts.check_card(found, order.vcc_number)
    return found


def _check_code(order: _Order, account: Account, backend: Backend, now: float) -> None:
    code = order.in_store.verification_code
    if not code:
        raise RefusalError(409, "verification_code_required", "There is no verification_code.")
    error = wrong_code(account, order.in_store.request_id, code, backend.codes, now)
    if error:
        raise RefusalError(409, error, "The customer is not verified with this code.")


def _check_purchase(order: _Order, account: Account) -> None:
    if account.derogatory:
        raise RefusalError(409, "user_not_able_to_purchase", "The customer may not purchase.")
    if order.amount > account.available_credit:
        raise RefusalError(409, "not_enough_credit", "The amount exceeds the available credit.")


def _check_daily_limit(order: _Order, account: Account, bank: Bank, now: float) -> None:
    paid = sum(
        (
            each.amount
            for each in bank.payments
            if each.account is account
            and each.transaction_type in _CREDITS
            and now - each.at < _DAY
        ),
        ZERO,
    )
    if paid + order.amount > _DAILY_LIMIT:
        raise RefusalError(409, "limit_payment_amount_24", "That is more than $10,000 a day.")


def _payment_view(payment: Payment) -> dict[str, Json]:
    return {
        "transaction_id": payment.transaction_id,
        "transaction_type": payment.transaction_type,
        "account_number": payment.account.account_number,
        "amount": payment.amount,
        "date": iso_timestamp(payment.at),
    }
