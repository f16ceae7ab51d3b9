"""POST authorization (spec section 5.12): holds money for a purchase."""

from decimal import Decimal

from attrs import frozen

from flexiti_async.sandbox.endpoints.accounts import BYPASS, BYPASS_MOST, wrong_code
from flexiti_async.sandbox.endpoints.plans import rates
from flexiti_async.sandbox.endpoints.serializers import authorization_view
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Authorization, Financing
from flexiti_async.sandbox.state.plans import Plan, interest
from flexiti_async.sandbox.validation.fields import Fields, of_body
from flexiti_async.sandbox.validation.permissions import (
    InStore,
    check_account_type,
    check_location,
    check_purchaser,
    in_store,
)
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.errors import INVALID, REQUIRED, RefusalError
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["create"]

_MESSAGES = {"en": "The purchase was authorized.", "fr": "L'achat a été autorisé."}
_PROMOTIONAL = "promotional_purchase"
_REGULAR = "regular_purchase"
_IN_STORE = (
    "verification_code",
    "request_id",
    "external_location_id",
    "external_employee_id",
)


@frozen
class _Order:
    account_number: int
    vcc_number: str
    reference: str
    transaction_type: str
    plan_id: int
    term: int
    amount: Decimal
    auto_capture: bool
    widget_session_id: str
    in_store: InStore


def create(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Authorize a purchase, online or in store.

    A request with a `widget_session_id` or with a customer token is online. It needs a widget
    session of the same client in which the purchase was verified: `customer_identity_not_found`
    without one, `not_verified` if it was for another account. In store, the code and the
    `request_id` of `verify` take its place; a wrong code is `not_verified`, too.

    Of the answer the spec defines `apr` (v2.5), `annual_rates` (v2.5.1), and a message in the
    language of the query. The rest is the sandbox's own choice, with the names of similar answers.
    """
    token = authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    order = _read(fields, online=token.scope == "customer")
    account = backend.bank.accounts.get(order.account_number)
    backend.bank.accounts.check_card(account, order.vcc_number)
    check_account_type(account.account_type, settings)
    check_location(order.in_store.external_location_id, settings)
    if order.widget_session_id:
        _check_widget(order, incoming.client_id, settings, backend)
    else:
        _check_code(order, account, backend, settings.now())
    check_purchaser(account)
    plan, financing = _financing(order, account, settings)
    if not (order.auto_capture or settings.pre_authorization):
        raise RefusalError(409, "auth_not_allowed", "The merchant has no pre-authorizations.")
    due = order.amount + interest(plan, financing.term, order.amount)
    if due > account.available_credit:  # spec section 9: the amount plus interest
        raise RefusalError(
            409, "credit_exceeded", "The amount and its interest exceed the available credit."
        )
    authorization = _hold(order, account, financing, backend, settings.now())
    return {
        **authorization_view(authorization),
        **rates(plan, incoming.version, fields.lang),
        "message": _MESSAGES[fields.lang],
    }


def _read(fields: Fields, *, online: bool) -> _Order:
    kind = fields.choice("financing_option.transaction_type", _PROMOTIONAL, _REGULAR, required=True)
    order = _Order(
        account_number=fields.number("account_number", 14, required=True),
        vcc_number=fields.text("vcc_number", 16),
        reference=fields.text("reference", 40),
        transaction_type=kind,
        plan_id=fields.number("financing_option.plan_id", 3, required=kind == _PROMOTIONAL),
        term=fields.number("financing_option.term", 3),
        amount=fields.money(required=True),
        auto_capture=fields.flag("auto_capture", required=True),
        widget_session_id=fields.text("widget_session_id", 36),
        in_store=in_store(fields),
    )
    fields.skip("sku_data")
    _check_channel(fields, online=online or "widget_session_id" in fields)
    fields.check()
    return order


def _check_channel(fields: Fields, *, online: bool) -> None:
    if not online:
        for name in _IN_STORE:
            fields.require(name)
        return
    if "widget_session_id" not in fields:
        fields.refuse("widget_session_id", REQUIRED)
    if "verification_code" in fields:  # "not to be sent online with the widget"
        fields.refuse("verification_code", INVALID)


def _check_widget(order: _Order, client_id: str, settings: Settings, backend: Backend) -> None:
    session = backend.sessions.find(order.widget_session_id)
    if session is None or session.client_id != client_id or session.account_number is None:
        raise RefusalError(
            404, "customer_identity_not_found", "The customer has not passed the widget."
        )
    if session.account_number != order.account_number:
        raise RefusalError(409, "not_verified", "The widget verified another account.")
    if session.authorized and settings.one_authorization_per_session:
        raise RefusalError(409, "not_permitted", "This widget session has been paid with already.")


def _check_code(order: _Order, account: Account, backend: Backend, now: float) -> None:
    request_id, code = order.in_store.request_id, order.in_store.verification_code
    issued = backend.codes.find(account.account_number, request_id)
    error = wrong_code(account, request_id, code, backend.codes, now)
    bypassed = issued is not None and issued.format == BYPASS
    small = order.transaction_type == _REGULAR and order.amount <= BYPASS_MOST
    if error or (bypassed and not small):
        raise RefusalError(409, "not_verified", "The customer is not verified for this purchase.")


def _financing(
    order: _Order, account: Account, settings: Settings
) -> tuple[Plan | None, Financing]:
    """Return plan and term; the term is optional if the plan has only one."""
    if order.transaction_type == _REGULAR:
        if account.category == "standard" and not settings.nonprime_regular_purchase:
            raise RefusalError(409, "not_permitted", "Standard customers may not do this.")
        return None, Financing(_REGULAR)
    plan = next((each for each in settings.plans if each.plan_id == order.plan_id), None)
    if plan is None or not plan.for_account(account):
        raise _not_available()
    if not order.term and len(plan.terms) > 1:
        raise RefusalError(409, "plan_term_not_set", "The plan has several terms: choose one.")
    term = order.term or min(plan.terms)
    if term not in plan.terms:
        raise _not_available()
    return plan, Financing(_PROMOTIONAL, plan.plan_id, term)


def _not_available() -> RefusalError:
    return RefusalError(
        409, "plan_term_not_available", "The customer cannot have this plan and term."
    )


def _hold(
    order: _Order, account: Account, financing: Financing, backend: Backend, now: float
) -> Authorization:
    backend.codes.use(account.account_number, order.in_store.request_id)
    session = backend.sessions.find(order.widget_session_id)
    if session is not None:
        session.authorized = True
    authorization = backend.bank.authorize(account, order.amount, financing, order.reference, now)
    if order.auto_capture:
        backend.bank.capture(authorization, order.amount, order.reference, now)
    return authorization
