"""`OnlineCheckout`: the steps that lead through the customer's browser (spec section 7.5)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar, Unpack, overload

from attrs import evolve

from flexiti_async.api.applications import Application, application_body, apply
from flexiti_async.api.authorizations import Authorization, authorize
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.plans import Plans, calculate_interest
from flexiti_async.api.purchases import (
    OnlinePurchase,
    PurchaseType,
    PurchaseTypeWord,
    Regular,
)
from flexiti_async.api.sku_data import SkuData
from flexiti_async.api.widget import ApplyWidget, Flow, PurchaseWidget, Widget, init_widget
from flexiti_async.api.widget_events import EventType, WidgetEvent, read_event
from flexiti_async.api.widget_reactions import Reaction, react
from flexiti_async.checkout.base import Checkout
from flexiti_async.checkout.payment import Payment, pay
from flexiti_async.checkout.reporting import event_of_reaction
from flexiti_async.checkout.state import CheckoutState, Step
from flexiti_async.clock import today
from flexiti_async.errors import (
    CheckoutError,
    EventRefused,
    FieldError,
    MalformedEvent,
    ValidationError,
)
from flexiti_async.errors.base import add_facts
from flexiti_async.operations.keys import reference_of
from flexiti_async.protocol.arguments import json_body, wrong_type
from flexiti_async.protocol.call import Json, OperationCall, OperationKind
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID

__all__ = ["OnlineCheckout"]

T = TypeVar("T")

_SESSION_ID: Final = "widget_session_id"
_NO_SESSION: Final = "none: old widget"
"""In place of the session that an old widget does not have, while a body is built."""


class OnlineCheckout(Checkout):
    """
    One customer's flow online: `FlexitiSession.checkout()` starts it, `resume()` resumes it.

    * A purchase: `init_widget`, `handle_event`, `plans`, `authorize`.
    * An application: `init_widget`, `handle_event`, `apply`.

    Flexiti uses the access token as the reference value of the whole flow (start page, Access Token
    Notes), so a checkout pins a token that lives long enough, and ends with it.

    Each method checks that it is allowed, and its data, before anything is sent; `next_steps` names
    the methods that are allowed now. `authorize` and `apply` run at most once for the idempotency
    key: a second click returns the recorded answer. While their outcome is unknown every step but
    `plans` and the operation itself raises OutcomeUnknown.
    """

    @property
    def session_id(self) -> str | None:
        """`widget_session_id` of the newest widget/init, None before one."""
        return self._flow.state.session_id

    async def init_widget(self, widget: ApplyWidget | PurchaseWidget) -> Widget:
        """
        Call widget/init, and return the URL to redirect this customer to.

        An application pins a dedicated token first, unless `sharing` says otherwise: Flexiti
        compares the later /apply with the widget/init of the same token. The result of an earlier
        widget of this checkout is discarded.

        Raises:
            ValidationError: The customer does not pass the `local_rules`, the account type has no
                place in the body, or the widget is of another type.
            CheckoutError: Not allowed now (`next_steps`), the checkout is of the other flow, or
                another process has taken a step.
            OperationInProgress: The operation of this checkout is being made.
            OutcomeUnknown: It may or may not have run.
            ApiError: The API rejected the call.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
        """
        flow = self._flow
        flow.row("init_widget")
        problem = wrong_type("widget", widget, ApplyWidget, PurchaseWidget)
        if problem is not None:
            del widget
            raise problem
        if flow.state.flow not in {None, widget.flow.value}:
            msg = f"this checkout is of the flow {flow.state.flow}; start another one"
            raise CheckoutError(msg, **flow.error_facts)
        call = init_widget(
            widget,
            account_type_place=flow.context.config.account_type_place,
            local_rules=flow.context.config.local_rules,
            today=today(flow.context.clock) if widget.flow is Flow.APPLY else None,
        )
        row = await flow.ready("init_widget")
        if widget.flow is Flow.APPLY and self.step is Step.OPEN:
            await flow.pin_dedicated_token()
        before = flow.state
        answer = (await flow.send_pinned(call)).sent_with(self.reference_id)
        account = widget.account_number if isinstance(widget, PurchaseWidget) else None
        after = evolve(
            before,
            step=row.to,
            session_id=answer.session_id,
            flow=widget.flow.value,
            account_number=str(account) if account else None,
            old_widget=False,
        )
        await flow.saved.transition(before, after)
        return answer

    async def handle_event(
        self, event: bytes | str | Mapping[str, object], *, old_widget: bool = False
    ) -> Reaction:
        """
        Process an event of the widget, and return how the shop should react.

        The event comes through the customer's browser and proves nothing. It is rejected if it is
        malformed, of another widget session, or names another account than this checkout's widget
        was opened for. Only a numeric account with `verified` and `purchase` leads on; `plans` and
        `authorize` use that account, even if the browser names another one later. The API has the
        last word: it rejects an authorization for a widget session that has not verified this
        account.

        An event counts once: posted again it raises CheckoutError, and `step` is the present step.

        Args:
            event: The message of `window.postMessage` as it was posted to the shop: JSON text, or
                the object that a web framework has parsed it to. The page has to check its origin.
            old_widget: Accept an `flx-success` without `widget_session_id`, as older widgets post
                it (page version 8), or after a widget/init whose answer had no session id. Then
                nothing proves to which checkout the event belongs, and if neither had one,
                `authorize` and `apply` are sent without it: only the token connects them with the
                widget, so give such checkouts one of their own (`sharing=Sharing.DEDICATED`).

        Raises:
            MalformedEvent: It is not an event of the widget.
            EventRefused: It does not belong to this checkout.
            CheckoutError: Not allowed now (`next_steps`), or another process has taken a step.
        """
        flow = self._flow
        flow.row("handle_event")
        before = flow.state
        read = read_event(event)
        del event  # this frame may end up in a traceback
        if not isinstance(read, WidgetEvent):
            malformed = MalformedEvent(field_errors=read)
            add_facts(malformed, flow.error_facts)
            raise malformed
        mismatch = _mismatch(read, before, old_widget=old_widget)
        if mismatch:
            raise EventRefused(mismatch, **self._flow.error_facts)
        reaction = Reaction.UNKNOWN
        if before.flow in set(Flow):
            reaction = react(read, Flow(before.flow))
        row = flow.row("handle_event", reaction.value)
        session_id = before.session_id or read.widget_session_id or None
        after = evolve(
            before, step=row.to, session_id=session_id, old_widget=old_widget and not session_id
        )
        if reaction is Reaction.AUTHORIZE:
            after = evolve(after, account_number=read.account_number)
        if row.to is not before.step:
            await flow.saved.transition(before, after)
            flow.report(event_of_reaction(reaction, flow.facts))
        return reaction

    async def plans(
        self, amount: Decimal | int | str, *, lang: Language | LanguageWord = Language.ENGLISH
    ) -> Plans:
        """
        Return the plans for an amount, with their costs (calculate-interest).

        They are for the account that the event of the widget names, and an event can be forged:
        before an authorization nothing proves that it is the account of this customer. So the
        plans come without their `customer`, whose credit and name a shop would show to anybody who
        knows an account number. `flexiti.accounts.plans` returns that part, too, for the shop's
        own use.

        Args:
            amount: Dollars, at most two places, never a float.
            lang: Language of the texts.

        Raises:
            ValidationError: Invalid amount.
            CheckoutError: Not allowed now.
            CheckoutExpired: The flow has ended with its token.
            ApiError: The API rejected the call.
        """
        self._flow.row("plans")
        call = calculate_interest(self.account_number or "", amount, lang=lang)
        return evolve(await self._flow.send_pinned(call), customer=None)

    @overload
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: Regular,
        plan_id: int | str | None = None,
        **more: Unpack[Payment],
    ) -> Authorization: ...
    @overload
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: PurchaseType | PurchaseTypeWord,
        plan_id: int | str | None,
        **more: Unpack[Payment],
    ) -> Authorization: ...
    @sensitive_arguments
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: PurchaseType | PurchaseTypeWord,
        auto_capture: bool = False,
        plan_id: int | str | None = None,
        term: int | str | None = None,
        reference: str | None = None,
        sku_data: SkuData | None = None,
        vcc_number: Secret | str | None = None,
        account_number: int | str | None = None,
        lang: Language | LanguageWord = Language.ENGLISH,
    ) -> Authorization:
        """
        Authorize the purchase, once; with `auto_capture` the whole amount is captured at once.

        The account is the checkout's own: the one that its widget session has verified. If the
        authorization is done, its recorded answer is returned (`replayed`), at any step, also after
        the checkout has ended.

        Args:
            amount: Dollars, at most two places, never a float.
            transaction_type: Promotional or regular.
            auto_capture: Capture the whole amount at once.
            plan_id: From `plans`; required for a promotional purchase.
            term: From `plans`, where the plan has terms.
            reference: The shop's order number, at most 40 characters; by default the idempotency
                key where it fits. It identifies the authorization if the answer is lost.
            sku_data: The items bought.
            vcc_number: FlexitiCard number, for authorized users of an account.
            account_number: The account as the shop has kept it, compared with the checkout's.
                Required for a resumed checkout in a shared store without `token_keys`, because
                others may have written its record.
            lang: Language of `message` in the answer.

        Raises:
            ValidationError: Invalid data, or another account; nothing was sent.
            CheckoutError: Not allowed now; nothing was sent.
            CheckoutExpired: The flow has ended with its token; nothing was sent.
            IdempotencyKeyReused: Another amount, plan or account is done or being made under this
                key; nothing was sent.
            OutcomeUnknown: It may or may not have run; see `flexiti.operations.look_up`.
            JournalForgot: The journal may have lost records; nothing was sent.
            StoreUnavailable: The journal is down; nothing was sent.
            ApiError: The API rejected it; the customer may choose another plan.
        """
        flow, state = self._flow, self._flow.state
        call = None
        if isinstance(reference, str) and not reference:
            reference = None
        if state.account_number is not None and (state.session_id or state.old_widget):
            purchase = OnlinePurchase(
                account_number=state.account_number,
                amount=amount,
                transaction_type=transaction_type,
                auto_capture=auto_capture,
                plan_id=plan_id,
                term=term,
                reference=reference_of(state.idempotency_key, reference),
                sku_data=sku_data,
                vcc_number=vcc_number,
                widget_session_id=state.session_id or _NO_SESSION,
            )
            call = _as_sent(authorize(purchase, lang=lang))
            del purchase
        confirmed = flow.confirms(account_number)
        # This frame may end up in a traceback.
        del vcc_number, account_number, state
        return await pay(flow, call, confirmed=confirmed)

    @sensitive_arguments
    async def apply(
        self, applicant: ApplyWidget | Json, *, more: Json | None = None
    ) -> Application:
        """
        Send the application, once, after the widget has let the applicant proceed.

        The personal information must equal that of widget/init. It is not saved with the checkout,
        so a process that resumes one has to pass it again. A declined or pending application ran: a
        corrected one is another checkout with another key.

        Args:
            applicant: The argument of `init_widget`; or a body as Flexiti has specified it to the
                shop, to which the widget session is added.
            more: Further fields for an ApplyWidget; see `application_body`.

        Raises:
            ValidationError: Invalid data, or a body that names another widget session.
            CheckoutError: Not allowed now; nothing was sent.
            IdempotencyKeyReused: Another person's application is done or being made under this key.
            OutcomeUnknown: It may or may not have run.
            JournalForgot: The journal may have lost records; nothing was sent.
            StoreUnavailable: The journal is down; nothing was sent.
            ApiError: The API rejected it. A decision, such as ApplicationDeclined, ends the
                checkout; after anything else the step is as before.
        """
        flow = self._flow
        call = None
        if self.session_id or self._flow.state.old_widget:
            body = self._application(applicant, more, self.session_id or _NO_SESSION)
            call = _as_sent(apply(body))
            del body
        del applicant, more
        if call is None:
            raise await flow.not_ready(OperationKind.APPLY)
        return await flow.operate(call)

    def _application(
        self, applicant: ApplyWidget | Json, more: Json | None, session_id: str
    ) -> Json:
        if isinstance(applicant, ApplyWidget):
            place = self._flow.context.config.account_type_place
            return application_body(applicant, session_id, more=more, account_type_place=place)
        problems: list[FieldError] = []
        if json_body("applicant", applicant).get("widget_session_id", session_id) != session_id:
            hint = "must be that of this checkout, or be left out"
            problems.append(FieldError("widget_session_id", INVALID, None, hint))
        if more is not None:
            hint = "is for an ApplyWidget: put the fields into the body"
            problems.append(FieldError("more", INVALID, None, hint))
        if problems:
            raise ValidationError(field_errors=problems)
        return {**applicant, "widget_session_id": session_id}


def _as_sent(call: OperationCall[T]) -> OperationCall[T]:
    """Return a call as it is sent: without a widget session after an old widget."""
    body = call.body or {}
    if body.get(_SESSION_ID) != _NO_SESSION:
        return call
    return call.with_body({name: value for name, value in body.items() if name != _SESSION_ID})


def _mismatch(event: WidgetEvent, state: CheckoutState, *, old_widget: bool) -> str:
    """Return the reason why an event does not belong to a checkout; empty if it does."""
    expected, found = state.session_id, event.widget_session_id
    if expected and found:
        if expected.lower() != found.lower():
            return "the event is of another widget session"
    elif event.type == EventType.SUCCESS and not old_widget:
        # flx-cancel has no data to compare; it stops the flow and can do no harm.
        return "the event, or the answer to widget/init, has no widget_session_id; see old_widget"
    known, named = state.account_number, event.account_number
    if known and named and known.lstrip("0") != named.lstrip("0"):
        return "the event names another account than the widget was opened for"
    return ""
