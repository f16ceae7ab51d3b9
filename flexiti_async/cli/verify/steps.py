"""The calls of a verification: harmless ones, then those that were asked for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, cast

from attrs import define, evolve, field

from flexiti_async import ApplyWidget, PurchaseWidget, Scope, Widget
from flexiti_async.api import (
    AccountTypePlace,
    AuthorizationSearch,
    OnlinePurchase,
    Plans,
    apply,
    authorize,
    calculate_interest,
    capture,
    get_authorization,
    i18n,
    init_widget,
    list_authorizations,
    list_captures,
    lookup,
    merchants_login,
    refund,
    release,
    return_capture,
    search,
    terms_and_conditions,
)
from flexiti_async.api.applications import application_body
from flexiti_async.api.endpoints import I18nMethod
from flexiti_async.api.widget_events import WidgetEvent
from flexiti_async.api.widget_origins import WidgetOrigins, origin_of
from flexiti_async.cli.verify.customer import APPLICANT, PERSON, Customer
from flexiti_async.cli.verify.prober import Prober
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.secret import Secret

__all__ = ["Steps", "Visit"]

Visit = Callable[[str, str], WidgetEvent | None]
"""Lets a person use the widget: its URL and what to do in it; returns its event, if known."""

_NOBODY: Final[dict[str, Any]] = {"first_name": "Zzyzx", "last_name": "Qwghlm", "dob": "1931-02-28"}
_CAPTURED, _RETURNED, _REFUNDED = Decimal("0.6"), Decimal("0.1"), Decimal("0.1")
_CENT: Final = Decimal("0.01")


@define
class Steps:
    """
    The steps about the API's endpoints.

    Attributes:
        prober: Sends and records.
        customer: The test customer.
        facts: Findings beside the exchanges.
    """

    prober: Prober
    customer: Customer
    facts: dict[str, str | float | bool | None] = field(
        factory=dict[str, str | float | bool | None]
    )

    def check(self) -> None:
        """
        Build what the customer's data are for.

        Raises:
            ValidationError: They are invalid.
        """
        person = self.customer.given(*PERSON)
        account = self.customer.given("account_number")
        identified = self.customer.identified
        if person is not None:
            search(**person)
        if account is not None:
            lookup(**account)
        if identified is not None:
            PurchaseWidget(**identified)
        self._applicant()

    async def reference(self) -> BaseCall[object]:
        """
        Read reference data by both methods, and a customer whom nobody is.

        Returns:
            A harmless call that works, for tests of tokens.
        """
        calls: dict[str, BaseCall[object]] = {
            "i18n (POST)": i18n(method=I18nMethod.POST),
            "i18n (GET)": i18n(method=I18nMethod.GET),
            "terms": terms_and_conditions(),
        }
        for step, call in calls.items():
            await self.prober.call(step, call)
        await self.prober.call("search of nobody", search(**_NOBODY), other_version=False)
        await self.prober.call("list of authorizations", list_authorizations(page_size=2))
        await self.prober.call("list of captures", list_captures(page_size=2))
        for step, call in calls.items():
            for name, made in self.prober.exchanges.items():
                if name.startswith(step) and made.succeeded:
                    return call.at_version(made.version)
        return i18n()

    async def read(self, amount: Decimal) -> None:
        """Find the test customer, and the plans of the account."""
        prober = self.prober
        person = self.customer.given(*PERSON)
        if person is not None:
            await prober.call("search", search(**person))
        account = self.customer.given("account_number")
        if account is not None:
            await prober.call("lookup", lookup(**account))
            plans = calculate_interest(account["account_number"], amount)
            await prober.call("plans", plans)

    async def widgets(self) -> None:
        """Open a widget of each flow, and one with a request that is wrong."""
        prober = self.prober
        empty = init_widget(PurchaseWidget(account_number=1)).with_body({"flow": "purchase"})
        await prober.call("widget/init (invalid)", empty)
        identified = self.customer.identified
        if identified is not None:
            await self._open("widget/init (purchase)", PurchaseWidget(**identified))
        applicant = self._applicant()
        if applicant is not None:
            await self._open("widget/init (apply)", applicant)
        await self._log_in()

    async def purchase(self, amount: Decimal, visit: Visit) -> None:
        """Buy, and undo it: authorize, capture a part, return, refund, release the rest."""
        prober = self.prober
        token = await prober.token(Scope.CUSTOMER)
        account = self.customer.given("account_number")
        if token is None or account is None:
            return
        session_id = await self._verified(
            "widget/init (to buy)",
            PurchaseWidget(account_number=account["account_number"]),
            token,
            visit,
            "verify yourself",
        )
        if session_id is None:
            return
        number = account["account_number"]
        plans = await prober.call(
            "plans (to buy)", calculate_interest(number, amount), token, other_version=True
        )
        call = authorize(_purchase(number, amount, session_id, plans))
        made = await prober.call("authorization", call, token)
        if made is None:
            return
        self.facts["authorization_id"] = made.authorization_id is not None
        if made.authorization_id is not None:
            await self._undo(made.authorization_id, number, amount)

    async def apply(self, key: str, visit: Visit) -> None:
        """Apply with a test key in place of a middle name (spec section 7.6)."""
        prober = self.prober
        token = await prober.token(Scope.CUSTOMER)
        applicant = self._applicant()
        if token is None or applicant is None:
            return
        session_id = await self._verified(
            "widget/init (to apply)", applicant, token, visit, "the PIN is 2222"
        )
        if session_id is None:
            return
        self.facts["test_key"] = key
        person = {"personal_information": {"middle_name": key}}
        body = application_body(
            applicant,
            session_id,
            more={"customer_identification": person},
            account_type_place=prober.config.account_type_place,
        )
        await prober.call("apply", apply(body), token)

    async def _undo(self, authorization_id: str, number: str, amount: Decimal) -> None:
        prober = self.prober
        await prober.call("authorization by id", get_authorization(authorization_id))
        taken = (amount * _CAPTURED).quantize(_CENT)
        captured = await prober.call("capture", capture(authorization_id, taken))
        await prober.call("release", release(authorization_id))
        capture_id = None if captured is None else captured.capture_id
        if captured is None:
            return
        self.facts["capture_id"] = capture_id is not None
        back = (amount * _RETURNED).quantize(_CENT)
        if capture_id is not None:
            await prober.call("return", return_capture(authorization_id, capture_id, amount=back))
        rest = (amount * _REFUNDED).quantize(_CENT)
        await prober.call("refund", refund(number, rest, capture_id=capture_id))
        listed = list_authorizations(AuthorizationSearch(account_number=number), page_size=2)
        await prober.call("list of the account's authorizations", listed)

    async def _open(
        self, step: str, widget: ApplyWidget | PurchaseWidget, token: Secret | None = None
    ) -> Widget | None:
        place = self.prober.config.account_type_place
        opened = await self.prober.call(step, init_widget(widget, account_type_place=place), token)
        if opened is None and isinstance(widget, ApplyWidget):
            for other in AccountTypePlace:
                if other is not place:
                    call = init_widget(widget, account_type_place=other)
                    await self.prober.call(f"{step}, account_type {other.value}", call, token)
        if opened is not None:
            self.facts["session_id"] = opened.session_id is not None
            found = origin_of(opened.redirection_url)
            self.facts["origin"] = found and f"{found[0]}://{found[1]}:{found[2]}"
            self.facts["origin_allowed"] = self._allowed(opened)
        return opened

    def _allowed(self, widget: Widget) -> bool:
        config = self.prober.config
        origins = WidgetOrigins.of(config.api_url, config.widget_origins)
        return origins.problem(widget) is None

    async def _verified(
        self,
        step: str,
        widget: ApplyWidget | PurchaseWidget,
        token: Secret,
        visit: Visit,
        what: str,
    ) -> str | None:
        """Open a widget, let a person use it, and return its session id; None without one."""
        opened = await self._open(step, widget, token)
        if opened is None or not self._allowed(opened):
            return None
        event = visit(opened.redirection_url, what)
        self._note(event)
        return opened.session_id or (event.widget_session_id if event is not None else None)

    async def _log_in(self) -> None:
        """Call merchants/login, with the configured merchant or without one."""
        login = self.prober.config.login
        call = (
            merchants_login() if login is None else merchants_login(login.username, login.password)
        )
        await self.prober.call("merchants/login", call)

    def _applicant(self) -> ApplyWidget | None:
        given = self.customer.given(*APPLICANT)
        return None if given is None else ApplyWidget(**given, tos_agreement=True)

    def _note(self, event: WidgetEvent | None) -> None:
        if event is None:
            return
        self.facts["event"] = str(event.type)
        self.facts["event_session"] = event.widget_session_id is not None
        self.facts["action"] = None if event.action is None else str(event.action)
        self.facts["mfa_option"] = None if event.mfa_option is None else str(event.mfa_option)


def _purchase(number: str, amount: Decimal, session_id: str, plans: Plans | None) -> OnlinePurchase:
    """Build a purchase with the first plan that is offered; without any, a regular one."""
    regular = OnlinePurchase(
        account_number=number,
        amount=amount,
        transaction_type="regular_purchase",
        auto_capture=False,
        widget_session_id=session_id,
    )
    for plan in plans.promotional_purchase if plans is not None else ():
        for term in plan.terms:
            promotional: OnlinePurchase = evolve(
                cast("Any", regular),
                transaction_type="promotional_purchase",
                plan_id=plan.plan_id,
                term=term.term,
            )
            return promotional
    return regular
