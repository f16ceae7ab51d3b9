"""The common part of all steps of a checkout: the table, the pinned token, the calls."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar

from attrs import evolve, frozen

from flexiti_async.checkout.saved import CheckoutRecord, SavedCheckout, checkout_key, load_checkout
from flexiti_async.checkout.state import CLAIMS, CheckoutState, Claimed, Sharing, Step
from flexiti_async.checkout.steps import NEXT_STEPS, TABLE, Row, missing, row_of
from flexiti_async.clock import Clock, now
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.config.options import OnStoreFailure
from flexiti_async.errors import (
    CheckoutError,
    CheckoutExpired,
    CheckoutTokenRejected,
    CheckoutUnsettled,
    FlexitiError,
)
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.retry import certainly_not_executed
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.record import StoredToken
from flexiti_async.tokens.refresher import TokenRefresher
from flexiti_async.transport.client import ApiClient, Replace

__all__ = ["CheckoutContext", "CheckoutFlow", "after_running"]

T = TypeVar("T")

_BEFORE_FIRST_CALL: Final = frozenset({Step.OPEN, Step.IN_STORE})


@frozen
class CheckoutContext:
    """
    The parts of a session that its checkouts use.

    Attributes:
        client: Sends the calls.
        refresher: Returns the refresher of a scope's tokens.
        store: Where checkouts are saved.
        config: The session's configuration.
        clock: The session's clock.
    """

    client: ApiClient
    refresher: Callable[[Scope], TokenRefresher]
    store: SealedStore
    config: FlexitiConfig
    clock: Clock

    def key(self, reference_id: str) -> str:
        """Return the store key of a checkout."""
        return checkout_key(self.config.api_url, self.config.client_id, reference_id)

    async def load(self, reference_id: str) -> CheckoutRecord:
        """Load a saved checkout; raises like `load_checkout`."""
        return await load_checkout(self.store, self.key(reference_id), reference_id)


class CheckoutFlow:
    """
    The common part of all steps; see `Checkout`.

    Attributes:
        reference_id: The flow's `x-reference-id`.
    """

    def __init__(
        self,
        context: CheckoutContext,
        reference_id: str,
        token: Token,
        *,
        sharing: Sharing | None,
        flow_ttl: float | None,
        resumable: bool,
        record: CheckoutRecord | None = None,
    ) -> None:
        self._context = context
        self.reference_id: Final = reference_id
        self._token = token
        self._requested_sharing = sharing
        self._flow_ttl = flow_ttl
        self._saved = SavedCheckout(
            record.state
            if record
            else _new_state(reference_id, self._stored_token(), token, sharing),
            context.key(reference_id),
            context.store if resumable else None,
            degrade=context.config.on_store_failure is OnStoreFailure.DEGRADE,
            token=self._stored_token,
            entry=record.entry if record else None,
        )

    def __repr__(self) -> str:
        return (
            f"Checkout(reference_id={self.reference_id!r}, step={self.step.value!r}, "
            f"sharing={self.sharing.value!r})"
        )

    @property
    def step(self) -> Step:
        """The present step."""
        return self._state.step

    @property
    def next_steps(self) -> frozenset[str]:
        """Names of the methods that are allowed now."""
        return frozenset(
            row.method for row in TABLE if row.at is self.step and not missing(row, self._state)
        )

    @property
    def session_id(self) -> str | None:
        """`widget_session_id` of the newest widget/init, None before one."""
        return self._state.session_id

    @property
    def account_number(self) -> str | None:
        """Digits of the customer's account; None while it is unknown."""
        return self._state.account_number

    @property
    def authorization_id(self) -> str | None:
        """Id of the authorization; None before one, or if the answer did not contain it."""
        return self._state.authorization_id

    @property
    def capture_ids(self) -> tuple[str, ...]:
        """Ids of the captures, as far as the answers contained them."""
        return self._state.capture_ids

    @property
    def open_amount(self) -> Decimal | None:
        """Dollars left to capture or release; None if that is unknown."""
        return self._state.open_amount

    @property
    def saved(self) -> bool:
        """
        Whether the store holds the present state.

        It does not with `resumable=False`, nor after a failed save while the store is down and
        `on_store_failure` is `degrade`. Then `resume()` finds an earlier step, and the customer
        goes through the widget again, with another token and widget session.
        """
        return self._saved.saved

    @property
    def sharing(self) -> Sharing:
        """Whether the pinned token is shared or dedicated."""
        return self._state.sharing

    @property
    def token(self) -> Token:
        """The pinned token."""
        return self._token

    @property
    def remaining(self) -> float:
        """Seconds until the pinned token, and with it the checkout, ends."""
        return self._token.remaining(now(self._context.clock))

    async def send(self, call: Call[T]) -> T:
        """
        Make any call of the API within this flow; it does not change the step.

        It has the flow's reference id. Calls with customer scope use the pinned token, back-office
        calls (merchant scope) the session's merchant token.
        """
        token, replace = await self._bearer(call, pinned=call.scope is Scope.CUSTOMER)
        return await self._context.client.call(call, self.reference_id, token, replace)

    async def save(self) -> None:
        """Save the state, if the checkout is resumable; every step does so already."""
        await self._saved.save()

    # For subclasses

    @property
    def _state(self) -> CheckoutState:
        return self._saved.state

    def _allowed_row(self, method: str, outcome: str = "") -> Row:
        """Return the row of a call; raise CheckoutError if the call is not allowed now."""
        if method not in NEXT_STEPS[self.step]:
            if self.step in CLAIMS:
                msg = (
                    f"{method}() is not allowed in step {self.step.value}: the call is in flight, "
                    "or its outcome is unknown; see settle()"
                )
                raise CheckoutUnsettled(msg, reference_id=self.reference_id)
            allowed = ", ".join(sorted(self.next_steps)) or "nothing"
            msg = f"{method}() is not allowed in step {self.step.value}; allowed: {allowed}"
            raise CheckoutError(msg, reference_id=self.reference_id)
        row = row_of(self.step, method, outcome)
        lacks = missing(row, self._state)
        if lacks:
            msg = f"{method}() requires {', '.join(lacks)}, which no answer contained so far"
            raise CheckoutError(msg, reference_id=self.reference_id)
        return row

    async def _send_pinned(self, call: Call[T]) -> T:
        """Send a call with the pinned token, even if the API lists another scope for it."""
        call = evolve(call, scope=self._token.scope)
        token = await self._pinned_token()
        return await self._context.client.call(call, self.reference_id, token, self._replace)

    async def _send_claimed(
        self,
        row: Row,
        call: Call[T],
        add_answer: Callable[[CheckoutState, T], CheckoutState] = lambda state, _: state,
        *,
        open_amount: Decimal | None = None,
        pinned: bool = False,
    ) -> T:
        """
        Send a call that must not run twice: claim it, send it, and record the outcome.

        Args:
            row: The row of the call, at the step that the call was built for.
            call: The call.
            add_answer: Returns the state with data of the answer; by default none are kept.
            open_amount: The open amount after the call, if it is executed.
            pinned: Use the pinned token.
        """
        before = self._state
        token, replace = await self._bearer(call, pinned=pinned)
        if self._state is not before:
            self._allowed_row(row.method)  # another coroutine took a step: this error names it
        claimed = Claimed(before.step, row.to, open_amount)
        claim = evolve(before, step=row.through or before.step, claimed=claimed)
        await self._saved.claim(before, claim)
        try:
            answer = await self._context.client.call(call, self.reference_id, token, replace)
        except FlexitiError as error:
            if certainly_not_executed(error):
                await self._saved.record_outcome(claim, before)
            raise
        await self._saved.record_outcome(claim, add_answer(after_running(claim, claimed), answer))
        return answer

    async def _bearer(self, call: Call[object], *, pinned: bool) -> tuple[Token, Replace]:
        if pinned:
            return await self._pinned_token(), self._replace
        refresher = self._context.refresher(call.scope)
        return await refresher.token(), refresher.replace

    async def _pinned_token(self) -> Token:
        """Return the pinned token; an expired one is replaced if no call has succeeded yet."""
        if self.remaining > 0:
            return self._token
        if self.step not in _BEFORE_FIRST_CALL:
            msg = "the checkout has expired with its token: start a new one"
            raise CheckoutExpired(msg, reference_id=self.reference_id)
        return await self._pin_another()

    async def _replace(self, rejected: Token) -> Token:
        """Pin another token if no call of the flow has succeeded; otherwise the flow ends."""
        self._context.refresher(self._token.scope).reject(rejected.token_id)
        if self.step not in _BEFORE_FIRST_CALL:
            msg = "Flexiti rejected the token of this checkout, which ends it: start a new one"
            raise CheckoutTokenRejected(msg, reference_id=self.reference_id)
        return await self._pin_another()

    async def _pin_another(self) -> Token:
        refresher = self._context.refresher(self._token.scope)
        if self.sharing is Sharing.DEDICATED:
            self._token = await refresher.dedicated(self._flow_ttl)
        else:
            self._token = await refresher.token(self._flow_ttl)
        return self._token

    def _stored_token(self) -> StoredToken:
        return StoredToken.of(self._token, self.remaining)


def after_running(claim: CheckoutState, claimed: Claimed) -> CheckoutState:
    """Return the state after a claimed call that was executed."""
    return evolve(claim, step=claimed.after, open_amount=claimed.open_amount, claimed=None)


def _new_state(
    reference_id: str, stored: StoredToken, token: Token, sharing: Sharing | None
) -> CheckoutState:
    in_store = token.scope is Scope.MERCHANT
    return CheckoutState(
        reference_id=reference_id,
        token=stored,
        sharing=sharing or Sharing.SHARED,
        step=Step.IN_STORE if in_store else Step.OPEN,
        in_store=in_store,
    )
