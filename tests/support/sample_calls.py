"""A call of every endpoint with all its parameters, and the same call with one other value."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from flexiti_async.api.accounts import close, verify
from flexiti_async.api.applications import application_body, apply
from flexiti_async.api.authorization_lists import (
    AuthorizationSearch,
    list_authorizations,
    list_captures,
)
from flexiti_async.api.authorizations import authorize, get_authorization
from flexiti_async.api.captures import capture, release
from flexiti_async.api.common import Language
from flexiti_async.api.customers import lookup, search
from flexiti_async.api.driverslicense import read_driverslicense
from flexiti_async.api.merchants import merchants_login
from flexiti_async.api.plans import calculate_interest
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.api.reference import i18n, information, terms_and_conditions
from flexiti_async.api.refunds import refund
from flexiti_async.api.returns import return_capture
from flexiti_async.api.sku_data import Product, SkuData
from flexiti_async.api.transactions import TransactionRequest, make_transaction
from flexiti_async.api.widget import ApplyWidget, PurchaseWidget, init_widget
from flexiti_async.protocol.call import BaseCall

__all__ = ["SAMPLES", "SESSION_ID", "Sample"]

SESSION_ID: Final = "00000000-0000-4000-8000-000000000000"
_CARD: Final = "1070015210367982"
_PRODUCT: Final[dict[str, Any]] = {
    "sku_id": "S-1",
    "category": "furniture",
    "description": "Desk",
    "quantity": 1,
    "unit_price": "300.00",
    "extended_price": "300.00",
}
_SKU: Final[dict[str, Any]] = {
    "purchase_order": "PO-1",
    "shipping_total": "5.00",
    "register_id": "till-7",
    "transaction_discount_total": "1.00",
    "transaction_subtotal": "300.00",
    "transaction_total": "344.00",
    "gst_hst": "39.00",
    "pst": "0",
}


def _sku_data(name: str = "", value: object = None) -> SkuData:
    product, sku = {**_PRODUCT}, {**_SKU}
    group, _, inner = name.rpartition(".")
    if name:
        (product if group else sku)[inner] = value
    return SkuData(**sku, products=[Product(**product)])


@frozen
class Sample:
    """
    A call with parameters.

    Attributes:
        make: Builds it.
        given: Its arguments.
    """

    make: Callable[..., BaseCall[object]]
    given: Mapping[str, Any]

    def call(self) -> BaseCall[object]:
        """Build the call."""
        return self.make(**self.given)

    def has(self, param: str) -> bool:
        """Whether the call has a parameter of the table."""
        top, _, _ = param.partition(".")
        return (top if top == "sku_data" else _argument(param)) in self.given

    def changed(self, param: str, value: object) -> BaseCall[object]:
        """Build the call with another value of a parameter."""
        if param.startswith("sku_data."):
            other = _sku_data(param.removeprefix("sku_data."), value)
            return self.make(**{**self.given, "sku_data": other})
        return self.make(**{**self.given, _argument(param): value})


def _argument(param: str) -> str:
    """Return the library's name of a parameter of the table."""
    name = param.rpartition(".")[2]
    return {"authorizationId": "authorization_id", "captureId": "capture_id"}.get(name, name)


_PERSON: Final[dict[str, Any]] = {
    "first_name": "John",
    "last_name": "Smith",
    "dob": "1988-07-24",
    "postal_code": "m1m1m1",
}
_CONTACT: Final[dict[str, Any]] = {
    "email": "john@email.com",
    "phone_number": 1231231234,
    "address_1": "Fake 445",
    "address_2": "Suite 12",
    "city": "Toronto",
    "province": "ON",
    "tos_agreement": True,
}
_CUSTOMER: Final[dict[str, Any]] = {"account_number": 20009100, "vcc_number": _CARD, **_PERSON}
_PURCHASE: Final[dict[str, Any]] = {
    "account_number": 10000001,
    "vcc_number": _CARD,
    "reference": "order-1",
    "transaction_type": "promotional_purchase",
    "plan_id": 101,
    "term": 12,
    "amount": "300.00",
    "auto_capture": True,
    "sku_data": _sku_data(),
    "lang": "fr",
}
_STORE: Final[dict[str, Any]] = {
    "external_location_id": "store-7",
    "external_employee_id": "e-42",
}


def _init_to_apply(**given: Any) -> BaseCall[object]:
    return init_widget(ApplyWidget(**given), local_rules="off")


def _init_to_buy(**given: Any) -> BaseCall[object]:
    return init_widget(PurchaseWidget(**given), local_rules="off")


def _authorize_online(lang: Language, **given: Any) -> BaseCall[object]:
    return authorize(OnlinePurchase(**given), lang=lang)


def _authorize_in_store(lang: Language, **given: Any) -> BaseCall[object]:
    return authorize(InStorePurchase(**given), lang=lang)


def _apply(widget_session_id: str, **given: Any) -> BaseCall[object]:
    return apply(application_body(ApplyWidget(**given), widget_session_id))


def _transaction(lang: Language, **given: Any) -> BaseCall[object]:
    return make_transaction(TransactionRequest(**given), payment_id="payment-1", lang=lang)


def _listed(lang: Language, page_number: int, page_size: int, **given: Any) -> BaseCall[object]:
    return list_authorizations(
        AuthorizationSearch(**given), page_number=page_number, page_size=page_size, lang=lang
    )


def _search(**given: Any) -> BaseCall[object]:
    return search(**given, local_rules="off")


def _login(**given: Any) -> BaseCall[object]:
    return merchants_login(
        given["merchant_username"], given["merchant_password"], lang=given["lang"]
    )


SAMPLES: Final[Mapping[str, tuple[Sample, ...]]] = {
    "merchants/login": (
        Sample(_login, {"merchant_username": "shop", "merchant_password": "word", "lang": "fr"}),
    ),
    "widget/init": (
        Sample(_init_to_apply, {**_CUSTOMER, **_CONTACT, "lang": "fr"}),
        Sample(_init_to_buy, {**_CUSTOMER, **_CONTACT, "lang": "fr"}),
    ),
    "i18n": (Sample(i18n, {"key": "province", "lang": "fr"}),),
    "terms-and-conditions": (Sample(terms_and_conditions, {"lang": "fr"}),),
    "information": (Sample(information, {}),),
    "customers/driverslicense": (Sample(read_driverslicense, {"code": "@\n\x1e\rANSI 636012"}),),
    "customers/search": (Sample(_search, _PERSON),),
    "customers/lookup": tuple(
        Sample(lookup, {"lang": "fr", **one})
        for one in (
            {"account_number": 10000001},
            {"vcc_number": _CARD},
            {"customer_id": "1234567-12345"},
        )
    ),
    "apply": (Sample(_apply, {**_CUSTOMER, **_CONTACT, "widget_session_id": SESSION_ID}),),
    "verify": (
        Sample(
            verify,
            {
                "account_number": 10000001,
                "vcc_number": _CARD,
                "format": "security_question",
                "security_qid": 4,
                "security_answer": "Rover",
                "request_id": "till-7-receipt-1",
            },
        ),
    ),
    "calculate-interest": (
        Sample(calculate_interest, {"account_number": 10000001, "amount": "300.00", "lang": "fr"}),
    ),
    "close": (Sample(close, {"account_number": 10000001}),),
    "transactions": (
        Sample(
            _transaction,
            {
                "transaction_type": "instore_payment",
                "amount": "30.00",
                "vcc_number": _CARD,
                "account_number": 10000001,
                "customer_id": "1234567-12345",
                "verification_code": 1234,
                "request_id": "till-7-receipt-1",
                "lang": "fr",
                **_STORE,
            },
        ),
    ),
    "authorization": (
        Sample(_authorize_online, {**_PURCHASE, "widget_session_id": SESSION_ID}),
        Sample(
            _authorize_in_store,
            {
                **_PURCHASE,
                **_STORE,
                "verification_code": 1234,
                "request_id": "till-7-receipt-1",
            },
        ),
    ),
    "authorization/release": (Sample(release, {"authorization_id": 12343, "amount": "300.00"}),),
    "authorization/capture": (
        Sample(
            capture,
            {
                "authorization_id": 12343,
                "amount": "300.00",
                "reference": "order-1",
                "sku_data": _sku_data(),
                "lang": "fr",
            },
        ),
    ),
    "authorization/capture/return": (
        Sample(
            return_capture,
            {
                "authorization_id": 12343,
                "capture_id": 123,
                "amount": "300.00",
                "full_return": True,
                "reference": "order-1",
                "vcc_number": _CARD,
                "sku_data": _sku_data(),
            },
        ),
    ),
    "refund": (
        Sample(
            refund,
            {
                "account_number": 10000001,
                "amount": "25.00",
                "reference": "order-1",
                "capture_id": 123,
                "vcc_number": _CARD,
                "sku_data": _sku_data(),
                **_STORE,
            },
        ),
    ),
    "authorizations": (
        Sample(
            _listed,
            {
                "account_number": 10000001,
                "transaction_type": "promotional_purchase",
                "authorization_status": "opened",
                "creation_date_from": "2026-01-01",
                "creation_date_to": "2026-01-31",
                "page_number": 1,
                "page_size": 10,
                "lang": "fr",
            },
        ),
    ),
    "authorization/by-id": (Sample(get_authorization, {"authorization_id": 12343, "lang": "fr"}),),
    "captures": (Sample(list_captures, {"page_number": 1, "page_size": 10}),),
}
"""Samples that together have every parameter of their endpoint; oauth/token is no call."""
