"""Customers that take random steps of a checkout, allowed and forbidden ones."""

from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from attrs import define, evolve

from flexiti_async import (
    ApplyWidget,
    InStoreCheckout,
    OnlineCheckout,
    PurchaseWidget,
    Step,
    Widget,
)
from flexiti_async.api.accounts import VerificationFormat
from flexiti_async.api.applications import application_body, apply
from flexiti_async.api.authorizations import authorize
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.protocol.call import OperationCall
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice
from flexiti_async.sandbox.state.bank import Authorization

from .customers import APPLICANT, COUNTER, PLAN, at_the_counter

Kind: TypeAlias = Literal["purchase", "apply", "in_store"]
Do: TypeAlias = Callable[[Any], Coroutine[object, None, object]]
"""A step, to be taken with a checkout of its kind."""

AMOUNT = Decimal("300.00")
CHOICES: Mapping[Kind, tuple[Choice, ...]] = {
    "purchase": ("approve", "approve", "approve", "decline", "cancel", "retry", "activation"),
    "apply": ("approve", "approve", "decline", "cancel", "failure", "retry", "activation"),
}


@define(eq=False)
class Walk:
    """
    A customer and their checkout.

    Attributes:
        kind: Their flow.
        number: Their account number.
        order: The idempotency key of their checkout.
        sandbox: The sandbox.
        checkout: The checkout, in the process that resumed it last.
        url: URL of their widget.
        code: The code that they can read out.
        honest: Whether the event of their widget is real.
    """

    kind: Kind
    number: int
    order: str
    sandbox: Sandbox
    checkout: OnlineCheckout | InStoreCheckout
    url: str = ""
    code: str | None = None
    honest: bool = True

    @property
    def applicant(self) -> ApplyWidget:
        """The person who applies."""
        return evolve(APPLICANT, first_name=f"Grace{self.number}")

    @property
    def authorizations(self) -> list[Authorization]:
        """The bank's authorizations of their account."""
        every = self.sandbox.authorizations
        return [one for one in every if one.account.account_number == self.number]

    def doing(self, method: str, how: int = 0) -> Do:
        """Return a step with data that fit."""
        match method:
            case "handle_event":
                choices = CHOICES[self.kind]
                event = self.sandbox.play(self.url, choices[how % len(choices)])
                return lambda checkout: checkout.handle_event(event)
            case "verify":
                return lambda checkout: self._verify(checkout, "sms" if how % 2 else "")
            case _:
                return self.bare(method)

    def bare(self, method: str) -> Do:
        """Return a step with data that do not depend on the state."""
        purchase = at_the_counter(verification_code=self.code) if self.kind == "in_store" else PLAN
        more = {"middle_name": "P-CREDIT"}
        steps: Mapping[str, Do] = {
            "init_widget": self._open_widget,
            "handle_event": lambda checkout: checkout.handle_event({"eventType": "flx-cancel"}),
            "plans": lambda checkout: checkout.plans(AMOUNT),
            "authorize": lambda checkout: checkout.authorize(AMOUNT, **purchase),
            "apply": lambda checkout: checkout.apply(self.applicant, more=more),
            "lookup": lambda checkout: checkout.lookup(account_number=self.number),
            "verify": lambda checkout: self._verify(checkout, ""),
        }
        return steps[method]

    def forced(self, method: str) -> OperationCall[object] | None:
        """Return the call of a forbidden step, if the API rejects it as well."""
        if self.checkout.step in {Step.AUTHORIZED, Step.APPLIED}:
            return None  # the API accepts some calls twice
        if method == "authorize":
            return self._forced_purchase()
        if method == "apply" and isinstance(self.checkout, OnlineCheckout):
            session_id = self.checkout.session_id or "none"
            return apply(application_body(self.applicant, session_id))
        return None

    def _forced_purchase(self) -> OperationCall[object]:
        state = self.checkout._flow.state
        common: dict[str, Any] = {
            **PLAN,
            "account_number": self.number,
            "amount": AMOUNT,
            "auto_capture": False,
        }
        if self.kind == "in_store":
            request_id, code = state.request_id or "none", self.code or "1234"
            counter: dict[str, Any] = {
                **common,
                **COUNTER,
                "request_id": request_id,
                "verification_code": code,
            }
            return authorize(InStorePurchase(**counter))
        return authorize(OnlinePurchase(**common, widget_session_id=state.session_id or "none"))

    async def _open_widget(self, checkout: OnlineCheckout) -> Widget:
        buying = PurchaseWidget(account_number=self.number)
        widget = await checkout.init_widget(self.applicant if self.kind == "apply" else buying)
        self.url, self.honest = widget.redirection_url, True
        return widget

    async def _verify(self, checkout: InStoreCheckout, how: str) -> object:
        answer = await checkout.verify(VerificationFormat(how or "merchant_override"))
        self.code = None if answer.code else self.sandbox.messages[-1].code
        return answer
