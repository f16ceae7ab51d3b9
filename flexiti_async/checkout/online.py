"""The steps online: the widget, its event, and an application (spec section 7.5)."""

from collections.abc import Mapping

from attrs import evolve

from flexiti_async.api.applications import Application, application_body, apply
from flexiti_async.api.widget import ApplyWidget, Flow, PurchaseWidget, Widget, init_widget
from flexiti_async.api.widget_events import EventType, WidgetEvent, read_event
from flexiti_async.api.widget_reactions import Reaction, react
from flexiti_async.checkout.flow import CheckoutFlow
from flexiti_async.checkout.state import CheckoutState, Sharing, Step
from flexiti_async.clock import today
from flexiti_async.errors import (
    CheckoutError,
    EventRefused,
    FieldError,
    MalformedEvent,
    ValidationError,
)
from flexiti_async.protocol.call import Json
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID

__all__ = ["OnlineSteps"]


class OnlineSteps(CheckoutFlow):
    """The steps that lead through the customer's browser."""

    async def init_widget(self, widget: ApplyWidget | PurchaseWidget) -> Widget:
        """
        Call widget/init, and return the URL to redirect this customer to.

        An application pins a dedicated token first, unless `sharing` says otherwise: Flexiti
        compares the later /apply with the widget/init of the same token. The result of an earlier
        widget of this checkout is discarded.

        Raises:
            ValidationError: The applicant is not of age.
            CheckoutError: Not allowed now (`next_steps`), the checkout is of the other flow, or
                another process has taken a step.
            ApiError: The API rejected the call.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
        """
        row = self._allowed_row("init_widget")
        before = self._state
        if before.flow not in {None, widget.flow.value}:
            msg = f"this checkout is of the flow {before.flow}; start another one"
            raise CheckoutError(msg, reference_id=self.reference_id)
        call = init_widget(
            widget,
            account_type_place=self._context.config.account_type_place,
            today=today(self._context.clock) if widget.flow is Flow.APPLY else None,
        )
        if widget.flow is Flow.APPLY and self.step is Step.OPEN:
            await self._pin_dedicated_token()
            before = self._state
        answer = (await self._send_pinned(call)).sent_with(self.reference_id)
        account = widget.account_number if isinstance(widget, PurchaseWidget) else None
        after = evolve(
            before,
            step=row.to,
            session_id=answer.session_id,
            flow=widget.flow.value,
            account_number=str(account) if account else None,
        )
        await self._saved.transition(before, after)
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
                it, or after a widget/init whose answer had no session id. Then nothing proves to
                which checkout the event belongs.

        Raises:
            MalformedEvent: It is not an event of the widget.
            EventRefused: It does not belong to this checkout.
            CheckoutError: Not allowed now (`next_steps`), or another process has taken a step.
        """
        self._allowed_row("handle_event")
        before = self._state
        read = read_event(event)
        del event  # this frame may end up in a traceback
        if not isinstance(read, WidgetEvent):
            raise MalformedEvent(field_errors=read)
        mismatch = _mismatch(read, before, old_widget=old_widget)
        if mismatch:
            raise EventRefused(mismatch, reference_id=self.reference_id)
        reaction = Reaction.UNKNOWN
        if before.flow in set(Flow):
            reaction = react(read, Flow(before.flow))
        row = self._allowed_row("handle_event", reaction.value)
        after = evolve(
            before, step=row.to, session_id=before.session_id or read.widget_session_id or None
        )
        if reaction is Reaction.AUTHORIZE:
            after = evolve(after, account_number=read.account_number)
        if row.to is not before.step:
            await self._saved.transition(before, after)
        return reaction

    @sensitive_arguments
    async def apply(
        self, applicant: ApplyWidget | Json, *, more: Json | None = None
    ) -> Application:
        """
        Send the application, after the widget has let the applicant proceed.

        The personal information must equal that of widget/init. It is not saved with the checkout,
        so a process that resumes one has to pass it again.

        Args:
            applicant: The argument of `init_widget`; or a body as Flexiti has specified it to the
                shop, to which the widget session is added.
            more: Further fields for an ApplyWidget; see `application_body`.

        Raises:
            ValidationError: Invalid data, or a body that names another widget session.
            CheckoutError: Not allowed now, or in flight elsewhere (CheckoutUnsettled).
            ApiError: The API rejected it; the step is as before.
            OutcomeUnknown: Whether it was executed is unknown; see `settle`.
        """
        row = self._allowed_row("apply")
        call = apply(self._application(applicant, more))
        del applicant, more
        return await self._send_claimed(row, call, pinned=True)

    def _application(self, applicant: ApplyWidget | Json, more: Json | None) -> Json:
        session_id = self.session_id or ""
        if isinstance(applicant, ApplyWidget):
            place = self._context.config.account_type_place
            return application_body(applicant, session_id, more=more, account_type_place=place)
        problems: list[FieldError] = []
        if applicant.get("widget_session_id", session_id) != session_id:
            problems.append(FieldError("widget_session_id", INVALID))
        if more is not None:
            problems.append(FieldError("more", INVALID))
        if problems:
            raise ValidationError(field_errors=problems)
        return {**applicant, "widget_session_id": session_id}

    async def _pin_dedicated_token(self) -> None:
        if self._requested_sharing is Sharing.SHARED or self.sharing is Sharing.DEDICATED:
            return
        refresher = self._context.refresher(Scope.CUSTOMER)
        self._token = await refresher.dedicated(self._flow_ttl)
        self._saved.state = evolve(self._state, sharing=Sharing.DEDICATED)


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
