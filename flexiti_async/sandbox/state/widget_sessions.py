"""Widget sessions: opened by widget/init, each ending with one event."""

import uuid
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

from flexiti_async.sandbox.state.codes import APPLY_PIN, draw_code
from flexiti_async.sandbox.state.tokens import HISTORY, Token
from flexiti_async.sandbox.wire.request import Json

__all__ = ["Event", "Sessions", "WidgetSession"]

Event = dict[str, Json]
"""The event that the widget posts to the shop's page (spec section 7.3)."""


@define(kw_only=True, eq=False)
class WidgetSession:
    """
    One widget, from widget/init to its event.

    Attributes:
        widget_session_id: The GUID in the URL.
        client_id: The client that opened it.
        token: The access token that opened it, which is part of the URL.
        payload: The body of widget/init.
        pin: The PIN that the customer has to enter, four digits: 2222 for an application (spec
            section 7.6), random for a purchase.
        wrong_pins: How often a wrong one was entered.
        event: Its event; None while it is open.
        account_number: The verified account; None if the customer was not verified.
        authorized: Whether a purchase was authorized with it.
    """

    widget_session_id: str = field(factory=lambda: str(uuid.uuid4()))
    client_id: str
    token: Token = field(repr=False)
    payload: dict[str, Json] = field(repr=False)
    pin: str = field(init=False, repr=False)
    wrong_pins: int = 0
    event: Event | None = field(default=None, repr=False)
    account_number: int | None = None
    authorized: bool = False

    def __attrs_post_init__(self) -> None:
        self.pin = APPLY_PIN if self.flow == "apply" else draw_code()

    @property
    def flow(self) -> str:
        """`apply` or `purchase`."""
        return str(self.payload["flow"])

    @property
    def applies(self) -> bool:
        """Whether an application ended with the action `apply`, verified or not."""
        data = self.event.get("eventData") if self.event else None
        action = data.get("action") if isinstance(data, dict) else None
        return self.flow == "apply" and action == "apply"


@define(eq=False)
class Sessions:
    """The last 100,000 widget sessions."""

    _by_id: dict[str, WidgetSession] = field(factory=dict[str, WidgetSession], repr=False)

    def open(self, session: WidgetSession) -> None:
        """Keep a session that has begun."""
        self._by_id[session.widget_session_id] = session
        if len(self._by_id) > HISTORY:
            del self._by_id[next(iter(self._by_id))]

    def find(self, widget_session_id: str) -> WidgetSession | None:
        """Find a session by its GUID."""
        return self._by_id.get(widget_session_id)

    def of_widget(self, widget: str) -> WidgetSession:
        """
        Return the session of a `redirection_url`, or of a widget session id.

        Raises:
            LookupError: The sandbox has not opened it.
        """
        route, _, query = urlsplit(widget).fragment.partition("?")
        ids = parse_qs(query).get("widget_session_id", [])
        if not route:
            found = self.find(widget)
        elif ids:
            found = self.find(ids[0])
        else:  # a bare URL contains only the token
            found = self.last_of(route.rpartition("/")[2])
        if found is None:
            raise LookupError("the sandbox has not opened this widget session")
        return found

    def last_of(self, access_token: str) -> WidgetSession | None:
        """Find the last session of a token: a bare `redirection_url` contains no other id."""
        return next(
            (
                session
                for session in reversed(self._by_id.values())
                if session.token.access_token == access_token
            ),
            None,
        )
