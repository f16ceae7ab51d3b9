"""
Calls that type checkers accept, and calls that both refuse: those with the two comments.

`nox -s types` checks this file, and reports a comment whose call is not refused: for mypy
`warn_unused_ignores` does, for pyright an environment of its own in `pyproject.toml`. Nobody
imports it; what the calls do is tested elsewhere.
"""

import datetime
from decimal import Decimal

from flexiti_async import (
    Environment,
    FlexitiConfig,
    FlexitiSession,
    InStoreCheckout,
    Language,
    OnlineCheckout,
    Scope,
    Sharing,
)
from flexiti_async.api import ApplyWidget, PurchaseWidget
from flexiti_async.api.accounts import VerificationFormat, verify
from flexiti_async.api.applications import application_body
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase, PurchaseType
from flexiti_async.api.reference import i18n
from flexiti_async.api.transactions import TransactionRequest
from flexiti_async.api.widget import init_widget
from flexiti_async.events import AnswerReceived, Event
from flexiti_async.sandbox import Sandbox


def configure() -> None:
    """Words, enums, and the values of settings objects."""
    FlexitiConfig(client_id="c", client_secret="s", environment="training")
    FlexitiConfig(client_id="c", client_secret="s", environment=Environment.PRODUCTION)
    FlexitiConfig.load(retries=3, request_timeout=datetime.timedelta(seconds=3), environment=None)
    FlexitiConfig.load(api_versions={"refund": "v2.5.1"}, trust_env="yes")
    FlexitiSession.from_env(i18n_method="get", on_store_failure="raise")
    Sandbox(scopes=["merchant"], oauth="documented")
    FlexitiConfig(client_id="c", client_secret="s", environment="trainig")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", client_auth="bearer")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", merchants_login="sometimes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", other_merchants_login="sometimes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", account_type_place="top")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", local_rules="lax")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", i18n_method="put")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", on_store_failure="ignore")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", refresh_revokes_access="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", trust_env="ture")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", api_versions={"refunds": "v2.5.1"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    FlexitiConfig(client_id="c", client_secret="s", retrys=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    FlexitiConfig.load(environment="trainig")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiConfig.load(retrys=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    FlexitiSession.from_env(environment="trainig")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FlexitiSession.from_env(listeners=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    FlexitiSession(FlexitiConfig.load(), listener=print)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Sandbox(scopes=["merchants"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Sandbox(oauth="oauth3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def buy(online: OnlineCheckout, counter: InStoreCheckout, kind: PurchaseType) -> None:
    """A purchase that is promotional, or may be, has a plan."""
    plan: int | None = 101
    await online.authorize(1, transaction_type="regular_purchase")
    await online.authorize(1, transaction_type=PurchaseType.REGULAR, auto_capture=True)
    await online.authorize(1, transaction_type="promotional_purchase", plan_id=101, term=12)
    await online.authorize(1, transaction_type=kind, plan_id=plan, lang="fr")
    await counter.authorize(
        Decimal(1),
        transaction_type=kind,
        plan_id="101",
        external_location_id="1",
        external_employee_id="2",
    )
    await counter.verify("sms")
    await counter.lookup(account_number=1, lang=Language.FRENCH)
    await online.authorize(1, transaction_type="promotional_purchase")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await online.authorize(1, transaction_type=PurchaseType.PROMOTIONAL)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await online.authorize(1, transaction_type=kind)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await online.authorize(1, transaction_type="promotional", plan_id=101)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await online.authorize(1, transaction_type="regular_purchase", lang="de")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await online.authorize(1, transaction_type="regular_purchase", auto_captured=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await counter.authorize(1, transaction_type="regular_purchase")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await counter.verify("fax")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await online.plans(1, lang="de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def build() -> None:
    """The same for values that are built by hand."""
    OnlinePurchase(
        account_number=1,
        amount=1,
        transaction_type="regular_purchase",
        auto_capture=True,
        widget_session_id="w",
    )
    InStorePurchase(
        account_number=1,
        amount=1,
        transaction_type=PurchaseType.PROMOTIONAL,
        plan_id=101,
        auto_capture=True,
        verification_code="1234",
        request_id="r",
        external_location_id="1",
        external_employee_id="2",
    )
    TransactionRequest(transaction_type="deposit", amount=1, verification_code=1, account_number=1)
    verify(1, request_id="r", format=VerificationFormat.EMAIL)
    PurchaseWidget(account_number=1, lang="fr-CA")
    i18n(method="get", lang="fr")
    OnlinePurchase(  # type: ignore[call-overload]
        account_number=1,
        amount=1,
        transaction_type="promotional_purchase",  # pyright: ignore[reportArgumentType]
        auto_capture=True,
        widget_session_id="w",
    )
    InStorePurchase(  # type: ignore[call-overload]
        account_number=1,
        amount=1,
        transaction_type=PurchaseType.PROMOTIONAL,  # pyright: ignore[reportArgumentType]
        auto_capture=True,
        verification_code="1234",
        request_id="r",
        external_location_id="1",
        external_employee_id="2",
    )
    TransactionRequest(transaction_type="gift", amount=1, verification_code=1, account_number=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    verify(1, request_id="r", format="fax")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    PurchaseWidget(account_number=1, lang="de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    i18n(method="put")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    i18n(lang="de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def apply(applicant: ApplyWidget) -> None:
    """The place of a field, and rules that no page has."""
    application_body(applicant, "w", account_type_place="nested")
    init_widget(applicant, local_rules="off")
    application_body(applicant, "w", account_type_place="top")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    init_widget(applicant, local_rules="lax")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def use(flexiti: FlexitiSession) -> None:
    """Scopes, sharing, kinds of operations, languages, options of calls."""
    await flexiti.token("merchant")
    await flexiti.token(Scope.CUSTOMER)
    await flexiti.checkout("order-9", sharing="dedicated")
    await flexiti.checkout("order-9", sharing=Sharing.SHARED)
    await flexiti.operations.get(kind="capture", key="order-9")
    await flexiti.reference.terms(lang="fr")
    view: FlexitiSession = flexiti.with_options(timeout=datetime.timedelta(seconds=3), retries=0)
    events: list[Event] = []
    answers: list[AnswerReceived] = []
    view.with_options(on_answer=answers.append).with_options(on_answer=events.append)
    await flexiti.token("merchants")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.checkout("order-9", sharing="own")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.operations.get(kind="captures", key="order-9")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.operations.look_up(kind="captures", key="order-9")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.reference.terms(lang="de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.customers.lookup(account_number=1, lang="de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.accounts.plans(1, 1, lang="de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await flexiti.accounts.verify(1, request_id="r", format="fax")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    flexiti.with_options(timeout="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    flexiti.with_options(tries=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    flexiti.with_options(on_answer=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
