"""Every public callable with arguments that it accepts, to replace one at a time."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from flexiti_async import (
    ApplyWidget,
    FieldError,
    FlexitiConfig,
    FlexitiSession,
    InStoreCheckout,
    OnlineCheckout,
    PurchaseWidget,
    Scope,
    Secret,
    ValidationError,
    api,
    open_store,
)
from flexiti_async.protocol.call import Call, OperationCall, Replay

from ..operations.acts import APPLICANT

__all__ = ["Callee", "of_a_session", "of_checkouts", "pure"]

ACCOUNT: Final = 10000001
KEY: Final[Mapping[str, Any]] = {"idempotency_key": "order-1"}
PERSON: Final[Mapping[str, Any]] = {
    "first_name": "Grace",
    "last_name": "Applicant",
    "dob": "1990-01-31",
    "postal_code": "K1A0B1",
}
_WIDGET: Final = "3f0a"
_PURCHASE: Final[Mapping[str, Any]] = {
    "account_number": ACCOUNT,
    "amount": "3.00",
    "transaction_type": "regular_purchase",
    "auto_capture": False,
}
_ONLINE: Final[Mapping[str, Any]] = {**_PURCHASE, "widget_session_id": _WIDGET}
_COUNTER: Final[Mapping[str, Any]] = {
    "external_location_id": "store-1",
    "external_employee_id": "clerk-1",
}
_IN_STORE: Final[Mapping[str, Any]] = {
    **_PURCHASE,
    **_COUNTER,
    "verification_code": 1234,
    "request_id": "r-1",
}
_TRANSACTION: Final[Mapping[str, Any]] = {
    "transaction_type": "deposit",
    "amount": "1.00",
    "verification_code": 1234,
    "account_number": ACCOUNT,
}
_CALL: Final[Mapping[str, Any]] = {
    "endpoint": "x",
    "method": "GET",
    "path": "x",
    "scope": Scope.CUSTOMER,
    "result": api.ClosedAccount,
    "replay": Replay.SAFE,
}


@frozen
class Callee:
    """
    A callable.

    Attributes:
        function: The callable.
        arguments: Arguments that it accepts.
        parameters: Those to replace; all by default.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any] = {}
    parameters: tuple[str, ...] = ()


def pure(config: Mapping[str, Any]) -> dict[str, Callee]:
    """Return the functions and models that do no I/O."""
    lacking = FieldError("amount", "required")
    applicant = {
        **PERSON,
        "email": "grace@example.com",
        "phone_number": 6135550100,
        "address_1": "1 Sample St",
        "city": "Ottawa",
        "province": "ON",
        "tos_agreement": True,
    }
    return {
        "ApplyWidget": Callee(ApplyWidget, applicant),
        "AuthorizationSearch": Callee(api.AuthorizationSearch),
        "Call": Callee(Call, _CALL),
        "Call.at_version": Callee(api.close(ACCOUNT).at_version),
        "Call.with_body": Callee(api.close(ACCOUNT).with_body),
        "FlexitiConfig": Callee(FlexitiConfig, config),
        # What is done with all options alike.
        "FlexitiConfig.load": Callee(FlexitiConfig.load, config, ("store", "token_keys")),
        "FlexitiSession": Callee(FlexitiSession, {"config": FlexitiConfig(**config)}),
        "InStorePurchase": Callee(api.InStorePurchase, _IN_STORE),
        "OnlinePurchase": Callee(api.OnlinePurchase, _ONLINE),
        "OperationCall": Callee(OperationCall, _CALL),
        "Plans.plan": Callee(api.Plans().plan),
        "Product": Callee(api.Product),
        "PurchaseWidget": Callee(PurchaseWidget, {"account_number": ACCOUNT}),
        "Secret": Callee(Secret),
        "Secret.of": Callee(Secret.of),
        "SkuData": Callee(api.SkuData),
        "TransactionRequest": Callee(api.TransactionRequest, _TRANSACTION),
        "application_body": Callee(
            api.application_body, {"widget": APPLICANT, "widget_session_id": _WIDGET}
        ),
        "apply": Callee(api.apply, {"body": {"a": 1}}),
        "authorize": Callee(api.authorize, {"purchase": api.OnlinePurchase(**_ONLINE)}),
        "calculate_interest": Callee(
            api.calculate_interest, {"account_number": ACCOUNT, "amount": 1}
        ),
        "capture": Callee(api.capture, {"authorization_id": 1, "amount": 1}),
        "close": Callee(api.close),
        "context_hash": Callee(api.context_hash),
        "customer_text": Callee(api.customer_text, {"error": lacking}),
        "customer_texts": Callee(
            api.customer_texts, {"error": ValidationError(field_errors=[lacking])}
        ),
        "get_authorization": Callee(api.get_authorization, {"authorization_id": 1}),
        "i18n": Callee(api.i18n),
        "idempotency_key": Callee(api.idempotency_key),
        "information": Callee(api.information),
        "init_widget": Callee(api.init_widget, {"widget": APPLICANT}),
        "list_authorizations": Callee(api.list_authorizations),
        "list_captures": Callee(api.list_captures),
        "lookup": Callee(api.lookup, {"account_number": ACCOUNT}),
        "make_transaction": Callee(
            api.make_transaction, {"request": api.TransactionRequest(**_TRANSACTION)}
        ),
        "merchants_login": Callee(api.merchants_login),
        "open_store": Callee(open_store),
        "parse_event": Callee(api.parse_event),
        "revealing_converter": Callee(api.revealing_converter),
        "read_driverslicense": Callee(api.read_driverslicense),
        "refund": Callee(api.refund, {"account_number": ACCOUNT, "amount": 1}),
        "release": Callee(api.release, {"authorization_id": 1}),
        "return_capture": Callee(
            api.return_capture, {"authorization_id": 1, "capture_id": 1, "full_return": True}
        ),
        "search": Callee(api.search, PERSON),
        "terms_and_conditions": Callee(api.terms_and_conditions),
        "verify": Callee(api.verify, {"account_number": ACCOUNT, "request_id": "r-1"}),
    }


def of_a_session(session: FlexitiSession) -> dict[str, Callee]:
    """Return the methods of a session and of its groups."""
    there: Mapping[str, Any] = {"kind": "capture", "key": "order-1"}
    by_id: Mapping[str, Any] = {"authorization_id": 1, "amount": 1}
    return {
        "accounts.close": Callee(session.accounts.close, {"account_number": ACCOUNT}),
        "accounts.plans": Callee(session.accounts.plans, {"account_number": ACCOUNT, "amount": 1}),
        "accounts.verify": Callee(
            session.accounts.verify, {"account_number": ACCOUNT, "request_id": "r-1"}
        ),
        "applications.apply": Callee(session.applications.apply, {"body": {"a": 1}, **KEY}),
        "authorizations.all": Callee(session.authorizations.all),
        "authorizations.authorize": Callee(
            session.authorizations.authorize, {"purchase": api.OnlinePurchase(**_ONLINE), **KEY}
        ),
        "authorizations.capture": Callee(session.authorizations.capture, {**by_id, **KEY}),
        "authorizations.captures": Callee(session.authorizations.captures),
        "authorizations.get": Callee(session.authorizations.get, {"authorization_id": 1}),
        "authorizations.refund": Callee(
            session.authorizations.refund, {"account_number": ACCOUNT, "amount": 1, **KEY}
        ),
        "authorizations.release": Callee(session.authorizations.release, {**by_id, **KEY}),
        "authorizations.return_": Callee(
            session.authorizations.return_, {**by_id, "capture_id": 1, **KEY}
        ),
        "checkout": Callee(session.checkout, KEY),
        "customers.lookup": Callee(session.customers.lookup, {"account_number": ACCOUNT}),
        "customers.read_driverslicense": Callee(
            session.customers.read_driverslicense, {"code": "x"}
        ),
        "customers.search": Callee(session.customers.search, PERSON),
        "events.add": Callee(session.events.add),
        "in_store_checkout": Callee(session.in_store_checkout, KEY),
        "init_widget": Callee(
            session.init_widget, {"widget": PurchaseWidget(account_number=ACCOUNT)}
        ),
        "operations.get": Callee(session.operations.get, there),
        "operations.look_up": Callee(session.operations.look_up, there),
        "operations.pending": Callee(session.operations.pending),
        "operations.resolve": Callee(
            session.operations.resolve, {"executed": False, "by": "clerk-1", **there}
        ),
        "operations.run": Callee(session.operations.run, {"call": api.capture(1, 1), **KEY}),
        "reference.form_values": Callee(session.reference.form_values),
        "reference.information": Callee(session.reference.information),
        "reference.terms": Callee(session.reference.terms),
        "refresher": Callee(session.refresher),
        "resume": Callee(session.resume),
        "resume_in_store": Callee(session.resume_in_store),
        "send": Callee(session.send, {"call": api.close(ACCOUNT)}),
        "token": Callee(session.token),
        "with_options": Callee(session.with_options),
        "reload": Callee(session.reload, {"config": session._config}),
        "transactions.make": Callee(
            session.transactions.make, {"request": api.TransactionRequest(**_TRANSACTION), **KEY}
        ),
    }


def of_checkouts(online: OnlineCheckout, in_store: InStoreCheckout) -> dict[str, Callee]:
    """Return the methods of checkouts."""
    plan: Mapping[str, Any] = {"amount": 1, "transaction_type": "regular_purchase"}
    call: Mapping[str, Any] = {"call": api.close(ACCOUNT)}
    widget = PurchaseWidget(account_number=ACCOUNT)
    return {
        "online.apply": Callee(online.apply, {"applicant": APPLICANT}),
        "online.authorize": Callee(online.authorize, plan),
        "online.handle_event": Callee(online.handle_event, {"event": "{}"}),
        "online.init_widget": Callee(online.init_widget, {"widget": widget}),
        "online.plans": Callee(online.plans, {"amount": 1}),
        "online.send": Callee(online.send, call),
        "in_store.authorize": Callee(in_store.authorize, {**plan, **_COUNTER}),
        "in_store.lookup": Callee(in_store.lookup, {"account_number": ACCOUNT}),
        "in_store.plans": Callee(in_store.plans, {"amount": 1}),
        "in_store.send": Callee(in_store.send, call),
        "in_store.verify": Callee(in_store.verify),
    }
