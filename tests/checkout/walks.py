"""Customers that take random steps of a checkout, allowed and forbidden ones."""

from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from attrs import define, evolve

from flexiti_async import ApplyWidget, Checkout, PurchaseWidget, Step, Widget
from flexiti_async.api.applications import application_body, apply
from flexiti_async.api.authorizations import authorize
from flexiti_async.api.captures import capture, release
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.api.refunds import refund
from flexiti_async.api.returns import return_capture
from flexiti_async.checkout.state import CLAIMS
from flexiti_async.protocol.call import Call
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice
from flexiti_async.sandbox.state.bank import Authorization

from .customers import APPLICANT, COUNTER, PLAN, at_the_counter

Kind: TypeAlias = Literal["purchase", "apply", "in_store"]
Do: TypeAlias = Callable[[Checkout], Coroutine[object, None, object]]
"""A step, to be taken with any checkout."""

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
        sandbox: The sandbox.
        checkout: The checkout, in the process that resumed it last.
        url: URL of their widget.
        code: The code that they can read out.
        honest: Whether the event of their widget is real.
    """

    kind: Kind
    number: int
    sandbox: Sandbox
    checkout: Checkout
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

    def doing(self, method: str, how: int = 0, share: str = "some") -> Do | None:
        """Return a step with data that fit, or None without such data."""
        match method:
            case "handle_event":
                choices = CHOICES[self.kind]
                event = self.sandbox.play(self.url, choices[how % len(choices)])
                return lambda checkout: checkout.handle_event(event)
            case "verify":
                return lambda checkout: self._verify(checkout, "sms" if how % 2 else "")
            case "return_capture":
                taken = next((c for c in self.authorizations[0].captures if c.remaining), None)
                left, which = (taken.remaining, taken.capture_id) if taken else (None, 0)
                return self._sum(method, left, share, which)
            case "capture" | "release":
                # With nothing left the table has no such step; a wrong row would show here.
                return self._sum(method, self.checkout.open_amount or Decimal(1), share)
            case "refund":
                return self._sum(method, self.sandbox.account(self.number).refundable, share)
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
            "capture": lambda checkout: checkout.capture(1),
            "release": lambda checkout: checkout.release(1),
            "return_capture": lambda checkout: checkout.return_capture(1, amount=1),
            "refund": lambda checkout: checkout.refund(1),
        }
        return steps[method]

    def forced(self, method: str) -> Call[object] | None:
        """Return the call of a forbidden step, if the API rejects it as well."""
        checkout, number = self.checkout, self.checkout.authorization_id
        # A call with an unknown outcome may have run, and the API accepts some calls twice.
        if checkout.step in CLAIMS or (method == "apply" and checkout.step is Step.APPLIED):
            return None
        if number is not None:
            calls: Mapping[str, Call[object]] = {
                "capture": capture(number, 1),
                "release": release(number),
                "return_capture": return_capture(number, 1, amount=1),
                "refund": refund(self.number, 1),
            }
            return calls.get(method)
        match method:
            case "authorize":
                return self._forced_purchase()
            case "apply" if self.kind == "apply":
                return apply(application_body(self.applicant, checkout.session_id or "none"))
            case "refund":
                return refund(self.number, 1)
            case _:
                return None

    def _forced_purchase(self) -> Call[object]:
        state = self.checkout._state
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

    def _sum(self, method: str, most: Decimal | None, share: str, *which: int) -> Do | None:
        if most is None or most <= 0:
            return None
        amount = most if share == "all" else min(most, Decimal("89.99"))
        if method == "return_capture":
            return lambda checkout: checkout.return_capture(*which, amount=amount)
        return lambda checkout: getattr(checkout, method)(amount)

    async def _open_widget(self, checkout: Checkout) -> Widget:
        buying = PurchaseWidget(account_number=self.number)
        widget = await checkout.init_widget(self.applicant if self.kind == "apply" else buying)
        self.url, self.honest = widget.redirection_url, True
        return widget

    async def _verify(self, checkout: Checkout, how: str) -> object:
        answer = await checkout.verify(how or "merchant_override")
        self.code = None if answer.code else self.sandbox.messages[-1].code
        return answer
