"""One object of each public model, with every kind of value that it may hold."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from flexiti_async import Secret
from flexiti_async.api import (
    AccountStatus,
    AnnualRate,
    Application,
    ApplyWidget,
    Authorization,
    AuthorizationPage,
    AuthorizationSearch,
    Capture,
    CapturePage,
    ClosedAccount,
    CustomerAccount,
    DriversLicense,
    Fee,
    FoundAccount,
    InStorePurchase,
    MerchantLogin,
    OfferType,
    OnlinePurchase,
    Page,
    PlanCustomer,
    Plans,
    Product,
    PromotionalPurchase,
    PurchaseWidget,
    ReferenceData,
    Refund,
    RegularPurchase,
    Release,
    Return,
    SecurityQuestion,
    SkuData,
    Term,
    Transaction,
    TransactionRequest,
    Verification,
    Widget,
    WidgetEvent,
)
from flexiti_async.protocol.model import AnswerModel, RequestModel
from flexiti_async.protocol.structuring import NumberText, WholeNumber

__all__ = ["ANSWERS", "CARD", "PERSON", "REQUESTS", "WIDGET_SESSION"]

CARD: Final = "6014599988887777"
PERSON: Final = "Zebulon"
TOKEN: Final = "70ken70ken70ken70ken70ken70ken70"
WIDGET_SESSION: Final = "5e55105e5510"

_SKU: Final = SkuData(
    purchase_order="9",
    transaction_total="12.50",
    products=[Product(sku_id="a", quantity=Decimal("1.5"), unit_price=3), Product(quantity=2)],
)
_PERSON: Final[Mapping[str, Any]] = {
    "first_name": PERSON,
    "last_name": "Tremblay",
    "dob": datetime.date(1990, 2, 1),
    "postal_code": "K1A 0B1",
}
_FEES: Final = [Fee(description="f", amount=Decimal("1.10"), type="admin_total")]
_PLAN: Final = PromotionalPurchase(
    plan_id=WholeNumber(101),
    plan_name="Six months",
    terms=[
        Term(
            term=WholeNumber(6),
            term_amount=Decimal("20.00"),
            annual_rates=[AnnualRate(rate=Decimal("0.00"))],
            fees=_FEES,
        )
    ],
)

REQUESTS: Final[Mapping[str, RequestModel]] = {
    type(model).__name__: model
    for model in (
        ApplyWidget(
            **_PERSON,
            email="z@example.com",
            phone_number="613 555 0100",
            address_1="1 Rue A",
            city="Gatineau",
            province="QC",
            tos_agreement=True,
        ),
        PurchaseWidget(account_number="10000001", vcc_number=CARD, **_PERSON),
        OnlinePurchase(
            account_number=10000001,
            amount="100.00",
            transaction_type="promotional_purchase",
            plan_id=101,
            auto_capture=False,
            vcc_number=CARD,
            sku_data=_SKU,
            widget_session_id=WIDGET_SESSION,
        ),
        InStorePurchase(
            account_number=10000001,
            amount=Decimal("0.10"),
            transaction_type="regular_purchase",
            auto_capture=True,
            verification_code="0123",
            request_id="r",
            external_location_id="l",
            external_employee_id="e",
        ),
        AuthorizationSearch(account_number=10000001, creation_date_from=datetime.date(2026, 1, 31)),
        TransactionRequest(
            transaction_type="deposit", amount=5, verification_code=1234, vcc_number=CARD
        ),
        _SKU,
        _SKU.products[0],
    )
}

_EXTRA: Final = {"new_field": {"deep": [1, "a", None, True]}}
_AUTHORIZATION: Final = Authorization(
    message="ok", extra={"id": 77, "authorization_status": "opened"}, replayed=True
)
_URL: Final = (
    f"https://widget.flexiti.fi/#/widget/purchase/{TOKEN}"
    f"?lang=fr&widget_session_id={WIDGET_SESSION}"
)

ANSWERS: Final[Mapping[str, AnswerModel]] = {
    type(model).__name__: model
    for model in (
        Widget(Secret(_URL), sent_reference_id="0" * 32),
        Plans(
            account_number=NumberText("0010000001"),
            account_type="consumer",
            amount=Decimal("100.00"),
            customer=PlanCustomer(
                available_credit=Decimal("5000.00"), first_name=PERSON, category_type="premium"
            ),
            regular_purchase=RegularPurchase(air=Decimal("0.2899"), verify=True, fees=_FEES),
            promotional_purchase=[_PLAN],
            extra=_EXTRA,
        ),
        PlanCustomer(first_name=PERSON, air=Decimal("0.2899"), category_type="premium"),
        RegularPurchase(air=Decimal("0.2899"), fees=_FEES),
        _PLAN,
        _PLAN.terms[0],
        AnnualRate(rate=Decimal("28.99")),
        _FEES[0],
        Application(extra=_EXTRA, replayed=True),
        _AUTHORIZATION,
        AuthorizationPage((_AUTHORIZATION, Authorization(extra={"id": 78})), {"total": 2}),
        Capture(message="ok", extra={"id": 5, "remaining_capture_amount": "80.00"}),
        CapturePage((Capture(extra={"id": 5}),), {"total": 1}),
        Page(({"any": "thing"},), {"total": 1}),
        Release(extra=_EXTRA),
        Return(
            return_id=NumberText("9"),
            date=datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC),
            amount=Decimal("80.00"),
        ),
        Refund(replayed=True),
        Transaction(extra=_EXTRA),
        Verification(NumberText("0042")),
        ClosedAccount(),
        FoundAccount(
            customer_id=NumberText("1234567-12345"),
            account_status=AccountStatus.NORMAL,
            account_type="newer",
            credit_limit=Decimal("5000.00"),
            creation_date=datetime.date(2020, 2, 29),
            first_name=PERSON,
        ),
        CustomerAccount(
            security_qid=SecurityQuestion(WholeNumber(3), "Pet?"),
            offer_types=[OfferType("Six months", WholeNumber(101), term_options=[6, 12])],
            province="QC",
            extra=_EXTRA,
        ),
        SecurityQuestion(WholeNumber(3), "Pet?"),
        OfferType("Six months", WholeNumber(101), term_options=[6, 12]),
        DriversLicense(first_name=PERSON, dob="01/02/1990", govid_expiry=datetime.date(2030, 1, 1)),
        MerchantLogin("Shop", NumberText("007"), {"province": [{"code": "QC"}]}),
        ReferenceData({"texts": ["a", {"b": 1}]}),
        WidgetEvent(
            type="flx-success",
            account_number="10000001",
            verified=True,
            action="purchase",
            widget_session_id=WIDGET_SESSION,
            extra={"newField": 1},
        ),
    )
}
