"""The steps of a checkout online: the widget, its event, and an application (spec section 7.5)."""

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
    """What a checkout does through the customer's browser."""

    async def init_widget(self, widget: ApplyWidget | PurchaseWidget) -> Widget:
        """
        Call widget/init: get the URL to send this customer to.

        An application gets a token of its own first, unless the checkout was told otherwise:
        Flexiti compares the later /apply with the widget/init of the same token. What an earlier
        widget of this checkout has led to is forgotten.

        Raises:
            ValidationError: The applicant is not of age.
            CheckoutError: Not now (`next_steps`); the checkout is of the other flow; or it was
                taken further elsewhere.
            ApiError: The API refused.
            TransportError: There was no answer.
            TokenError: There is no token.
        """
        row = self._row("init_widget")
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
            await self._take_own_token()
            before = self._state
        answer = (await self._ask(call)).sent_with(self.reference_id)
        known = widget.account_number if isinstance(widget, PurchaseWidget) else None
        after = evolve(
            before,
            step=row.to,
            session_id=answer.session_id,
            flow=widget.flow.value,
            account_number=str(known) if known else None,
        )
        await self._saved.move(before, after)
        return answer

    async def handle_event(
        self, event: bytes | str | Mapping[str, object], *, old_widget: bool = False
    ) -> Reaction:
        """
        Take what the widget has told the browser, and say what the shop should do.

        It comes through the customer's browser and proves nothing. It is refused if it is no
        event, if it is of another widget session, or if it names another account than the one
        that this checkout's widget was opened for. A numeric account, `verified` and `purchase`
        together lead on; the account is kept, and `plans` and `authorize` use that one, whatever
        the browser says later. The API is the decide_retry: it refuses an authorization of a widget
        session that has not verified this account.

        An event that was taken is not taken again: a second post of it is CheckoutError, and
        `step` shows where the checkout stands.

        Args:
            event: The message of `window.postMessage` as it was posted to the shop: JSON text, or
                the object that a web framework has made of it. The page has to check its origin.
            old_widget: Take an `flx-success` without `widget_session_id`, as widgets before that
                field post it, and one whose widget/init answered none. Then nothing shows to
                which checkout the event belongs.

        Raises:
            MalformedEvent: It is no event of the widget.
            EventRefused: It is not of this checkout.
            CheckoutError: Not now (`next_steps`), or the checkout was taken further elsewhere.
        """
        self._row("handle_event")
        before = self._state
        read = read_event(event)
        del event  # this frame may end up in a traceback
        if not isinstance(read, WidgetEvent):
            raise MalformedEvent(field_errors=read)
        fault = _foreign(read, before, old_widget=old_widget)
        if fault:
            raise EventRefused(fault, reference_id=self.reference_id)
        reaction = Reaction.UNKNOWN
        if before.flow in set(Flow):
            reaction = react(read, Flow(before.flow))
        row = self._row("handle_event", reaction.value)
        after = evolve(
            before, step=row.to, session_id=before.session_id or read.widget_session_id or None
        )
        if reaction is Reaction.AUTHORIZE:
            after = evolve(after, account_number=read.account_number)
        if row.to is not before.step:
            await self._saved.move(before, after)
        return reaction

    @sensitive_arguments
    async def apply(
        self, applicant: ApplyWidget | Json, *, more: Json | None = None
    ) -> Application:
        """
        Send the application, after the widget has let the applicant go on.

        The personal information must equal what went to widget/init. It is not saved with the
        checkout, so a process that has taken it up needs it anew.

        Args:
            applicant: What `init_widget` was called with; or a body as Flexiti described it to
                the shop, to which the widget session is added.
            more: Further fields, beside an ApplyWidget; see `application_body`.

        Raises:
            ValidationError: The data are wrong, or a body names another widget session.
            CheckoutError: Not now, or it is under way elsewhere (CheckoutUnsettled).
            ApiError: The API refused; the checkout is where it was.
            OutcomeUnknown: Nobody knows whether it ran; see `settle`.
        """
        row = self._row("apply")
        call = apply(self._application(applicant, more))
        del applicant, more
        return await self._once(row, call, lambda after, _: after, pinned=True)

    def _application(self, applicant: ApplyWidget | Json, more: Json | None) -> Json:
        session_id = self.session_id or ""
        if isinstance(applicant, ApplyWidget):
            place = self._context.config.account_type_place
            return application_body(applicant, session_id, more=more, account_type_place=place)
        faults: list[FieldError] = []
        if applicant.get("widget_session_id", session_id) != session_id:
            faults.append(FieldError("widget_session_id", INVALID))
        if more is not None:
            faults.append(FieldError("more", INVALID))
        if faults:
            raise ValidationError(field_errors=faults)
        return {**applicant, "widget_session_id": session_id}

    async def _take_own_token(self) -> None:
        if self._chosen is Sharing.SHARED or self.sharing is Sharing.DEDICATED:
            return
        refresher = self._context.refresher(Scope.CUSTOMER)
        self._token = await refresher.dedicated(self._flow_ttl)
        self._saved.state = evolve(self._state, sharing=Sharing.DEDICATED)


def _foreign(event: WidgetEvent, state: CheckoutState, *, old_widget: bool) -> str:
    """Say why an event is not of this checkout; nothing if it is."""
    mine, theirs = state.session_id, event.widget_session_id
    if mine and theirs:
        if mine.lower() != theirs.lower():
            return "the event is of another widget session"
    elif event.type == EventType.SUCCESS and not old_widget:
        # flx-cancel has no data, so nothing can be asked of it; it stops, and leads nowhere.
        return "the event, or the widget, has no widget_session_id; see old_widget"
    known, named = state.account_number, event.account_number
    if known and named and known.lstrip("0") != named.lstrip("0"):
        return "the event names another account than the widget was opened for"
    return ""
