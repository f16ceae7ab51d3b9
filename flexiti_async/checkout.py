"""
`Checkout`: one customer's flow, with one reference id and one token from start to finish.

Flexiti takes the access token as the reference value of the whole flow (start page, Access Token
Notes), so a checkout pins one that lives long enough, and does not change it once a call of it has
succeeded. What may come next is a table, `NEXT_STEPS`.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from attrs import evolve, frozen

from flexiti_async.api.widget import ApplyWidget, Flow, PurchaseWidget, Widget, init_widget
from flexiti_async.caller import Caller
from flexiti_async.checkout_records import CheckoutRecords, Saved
from flexiti_async.clock import Clock, now
from flexiti_async.config import FlexitiConfig, OnStoreFailure
from flexiti_async.errors import CheckoutError, CheckoutTokenRejected, StoreError
from flexiti_async.refresher import TokenRefresher
from flexiti_async.sansio.call import Call
from flexiti_async.sansio.checkout_state import CheckoutState, Sharing, Step
from flexiti_async.sansio.record import StoredToken
from flexiti_async.sansio.token import Scope, Token
from flexiti_async.store import Entry

__all__ = ["NEXT_STEPS", "Checkout", "Desk"]

_log = logging.getLogger("flexiti_async.checkout")

T = TypeVar("T")

NEXT_STEPS: Final[Mapping[Step, frozenset[str]]] = MappingProxyType(
    {
        Step.OPEN: frozenset({"init_widget"}),
        # A customer who goes back and pays again gets a new widget session in the same flow.
        Step.WIDGET: frozenset({"init_widget"}),
    }
)
"""What may come next, by how far a checkout has come."""


class _Refreshers(Protocol):
    def __call__(self, scope: Scope) -> TokenRefresher: ...


@frozen
class Desk:
    """What a session lends to its checkouts."""

    caller: Caller
    refreshers: _Refreshers
    records: CheckoutRecords
    config: FlexitiConfig
    clock: Clock


class Checkout:
    """
    One customer's flow. `FlexitiSession.checkout()` starts one, `resume()` takes one up.

    Attributes:
        reference_id: The flow's `x-reference-id`; with `resumable=True` all that a shop has to
            keep to take the checkout up in another request, in another process.
    """

    def __init__(
        self,
        desk: Desk,
        reference_id: str,
        token: Token,
        *,
        sharing: Sharing | None,
        flow_ttl: float | None,
        resumable: bool,
        saved: Saved | None = None,
    ) -> None:
        self._desk = desk
        self.reference_id: Final = reference_id
        self._token = token
        self._chosen = sharing
        self._flow_ttl = flow_ttl
        self._resumable = resumable
        self._entry: Entry | None = saved.entry if saved else None
        self._step = saved.state.step if saved else Step.OPEN
        self._session_id = saved.state.session_id if saved else None
        self._flow = saved.state.flow if saved else None
        self._sharing = saved.state.sharing if saved else sharing or Sharing.SHARED

    def __repr__(self) -> str:
        return (
            f"Checkout(reference_id={self.reference_id!r}, step={self._step.value!r}, "
            f"sharing={self._sharing.value!r})"
        )

    @property
    def step(self) -> Step:
        """How far it has come."""
        return self._step

    @property
    def next_steps(self) -> frozenset[str]:
        """Names of the methods that may come next."""
        return NEXT_STEPS[self._step]

    @property
    def session_id(self) -> str | None:
        """`widget_session_id` of the newest widget/init, None before one."""
        return self._session_id

    @property
    def sharing(self) -> Sharing:
        """Whether its token is its own."""
        return self._sharing

    @property
    def token(self) -> Token:
        """The pinned token."""
        return self._token

    @property
    def remaining(self) -> float:
        """Seconds until the pinned token, and with it the checkout, ends."""
        return self._token.remaining(now(self._desk.clock))

    async def init_widget(self, widget: ApplyWidget | PurchaseWidget) -> Widget:
        """
        Call widget/init: get the URL to send this customer to.

        An application gets a token of its own first, unless the checkout was told otherwise:
        Flexiti compares the later /apply with the widget/init of the same token.

        Raises:
            CheckoutError: Not now (`next_steps`), or the checkout was taken further elsewhere.
            ApiError: The API refused.
            TransportError: There was no answer.
            TokenError: There is no token.
        """
        self._may("init_widget")
        if widget.flow is Flow.APPLY and self._step is Step.OPEN:
            await self._take_own_token()
        call = init_widget(widget, account_type_place=self._desk.config.account_type_place)
        answer = await self.send(call)
        answer = evolve(answer, sent_reference_id=self.reference_id)
        self._step = Step.WIDGET
        self._session_id = answer.session_id
        self._flow = widget.flow.value
        await self.save()
        return answer

    async def send(self, call: Call[T]) -> T:
        """
        Make any call of the API within this flow.

        It carries the flow's reference id, and the pinned token where the call takes a customer's
        token; back-office calls (merchant scope) use the session's merchant token.
        """
        if call.scope is not Scope.CUSTOMER:
            refresher = self._desk.refreshers(call.scope)
            token = await refresher.token()
            return await self._desk.caller.make(call, self.reference_id, token, refresher.replace)
        return await self._desk.caller.make(call, self.reference_id, self._token, self._replace)

    async def save(self) -> None:
        """Put it down in the store, if it is resumable; a step does that by itself."""
        if not self._resumable:
            return
        state = CheckoutState(
            reference_id=self.reference_id,
            token=StoredToken.of(self._token, self.remaining),
            sharing=self._sharing,
            step=self._step,
            session_id=self._session_id,
            flow=self._flow,
        )
        try:
            self._entry = await self._desk.records.save(state, over=self._entry)
        except StoreError as error:
            if self._desk.config.on_store_failure is OnStoreFailure.RAISE:
                raise
            _log.warning("checkout %s is not saved: %s", self.reference_id, error)

    def _may(self, step: str) -> None:
        if step not in self.next_steps:
            allowed = ", ".join(sorted(self.next_steps)) or "nothing"
            msg = f"{step} cannot come now; what can: {allowed}"
            raise CheckoutError(msg, reference_id=self.reference_id)

    async def _take_own_token(self) -> None:
        if self._chosen is Sharing.SHARED or self._sharing is Sharing.DEDICATED:
            return
        refresher = self._desk.refreshers(Scope.CUSTOMER)
        self._token = await refresher.dedicated(self._flow_ttl)
        self._sharing = Sharing.DEDICATED

    async def _replace(self, refused: Token) -> Token:
        """Pin another token if nothing of the flow runs yet; otherwise the flow has ended."""
        refresher = self._desk.refreshers(Scope.CUSTOMER)
        refresher.reject(refused.token_id)
        if self._step is not Step.OPEN:
            msg = "the API refused the token of this checkout; it cannot go on: start a new one"
            raise CheckoutTokenRejected(msg, reference_id=self.reference_id)
        if self._sharing is Sharing.DEDICATED:
            self._token = await refresher.dedicated(self._flow_ttl)
        else:
            self._token = await refresher.token(self._flow_ttl)
        return self._token
