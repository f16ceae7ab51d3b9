"""
`Flow`: the common part of a checkout online and one in store.

One reference id, one pinned token, the table of steps, the saved state, and the journal of
operations, which is the authority: the checkout follows it.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from attrs import evolve, frozen

from flexiti_async.api.converters import to_number_text
from flexiti_async.checkout.reporting import Facts, event_of_end, facts_of
from flexiti_async.checkout.saved import (
    CheckoutRecord,
    SavedCheckout,
    checkout_key,
    load_checkout,
    mark_expired,
    may_expire,
)
from flexiti_async.checkout.state import CheckoutState, Sharing, Step
from flexiti_async.checkout.steps import (
    ENDS_AT,
    NEXT_STEPS,
    OPERATIONS,
    TABLE,
    Row,
    missing,
    row_of,
)
from flexiti_async.clock import Clock, now
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.config.options import OnStoreFailure
from flexiti_async.errors import (
    CheckoutError,
    CheckoutExpired,
    CheckoutTokenRejected,
    FieldError,
    FlexitiError,
    OperationError,
    ValidationError,
)
from flexiti_async.errors.base import CheckoutFacts, add_facts
from flexiti_async.events.checkouts import (
    CheckoutAuthorized,
    CheckoutEvent,
    CheckoutExpiry,
    CheckoutVerified,
)
from flexiti_async.events.listeners import Listeners
from flexiti_async.operations.guard import refuse_operation
from flexiti_async.operations.operations import Operations
from flexiti_async.operations.record import OperationRecord
from flexiti_async.operations.recorded_errors import done_already
from flexiti_async.operations.refusals import is_result
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.call import Call, OperationCall, OperationKind
from flexiti_async.protocol.rejection import SentCall, Verdict
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.protocol.validators import INVALID, REQUIRED
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.record import StoredToken
from flexiti_async.tokens.refresher import TokenRefresher
from flexiti_async.transport.client import ApiClient, TokenSource

__all__ = ["CheckoutContext", "Flow"]

T = TypeVar("T")

_BEFORE_FIRST_CALL: Final = frozenset({Step.OPEN, Step.IN_STORE})


@frozen
class CheckoutContext:
    """
    The parts of a session that its checkouts use.

    Attributes:
        client: Sends the calls.
        operations: Makes the operations, and knows their outcomes.
        refresher: Returns the refresher of a scope's tokens.
        store: Where checkouts are saved.
        config: The session's configuration.
        clock: The session's clock.
        events: The session's listeners.
    """

    client: ApiClient
    operations: Operations
    refresher: Callable[[Scope], TokenRefresher]
    store: SealedStore
    config: FlexitiConfig
    clock: Clock
    events: Listeners

    def key(self, reference_id: str) -> str:
        """Return the store key of a new checkout."""
        return next(self._keys(reference_id))

    async def load(self, reference_id: str) -> CheckoutRecord:
        """Load a saved checkout, whichever credentials saved it; raises like `load_checkout`."""
        return await load_checkout(
            self.store, self._keys(reference_id), reference_id, self._report_ended
        )

    async def _report_ended(self, record: CheckoutRecord) -> None:
        """Report the end of a saved checkout, once, and only if no operation may have run."""
        state = record.state
        if not may_expire(state):
            return
        kind = OPERATIONS.get(state.step)
        try:
            known = kind and await self.operations.known(kind, state.idempotency_key)
        except FlexitiError:
            return  # the journal is down: the caller gets CheckoutNotFound all the same
        if known is None and await mark_expired(self.store, record):
            self.events.notify(CheckoutExpiry(**facts_of(state, state.elapsed)))

    def _keys(self, reference_id: str) -> Iterator[str]:
        config = self.config
        for credentials in config.credentials:
            yield checkout_key(
                config.api_url, config.client_id, credentials.fingerprint, reference_id
            )


class Flow:
    """
    One customer's flow.

    Args:
        context: The parts of the session.
        state: The state, new or loaded.
        token: The pinned token.
        sharing: The sharing that the shop has chosen; None if it has not.
        flow_ttl: Seconds that another pinned token must live at least.
        resumable: Save the state in the store.
        record: The record that was loaded; None for a new checkout.

    Attributes:
        context: The parts of the session.
        requested_sharing: The sharing that the shop has chosen.
        token: The pinned token.
        saved: The state and its record.
        rejections: The evidence of calls with tokens of the pinned one's scope.
    """

    def __init__(
        self,
        context: CheckoutContext,
        state: CheckoutState,
        token: Token,
        *,
        sharing: Sharing | None,
        flow_ttl: float | None,
        resumable: bool,
        record: CheckoutRecord | None = None,
    ) -> None:
        self.context: Final = context
        self.requested_sharing: Final = sharing
        self.token = token
        self._flow_ttl = flow_ttl
        self._loaded = record is not None
        self._began: Final = now(context.clock).boot - state.elapsed
        self.rejections: Final = context.refresher(token.scope).rejections
        self.saved: Final = SavedCheckout(
            state,
            record.key if record else context.key(state.reference_id),
            context.store if resumable else None,
            degrade=context.config.on_store_failure is OnStoreFailure.DEGRADE,
            stamped=self._stamped,
            events=context.events,
            entry=record.entry if record else None,
        )

    @property
    def state(self) -> CheckoutState:
        """The present state."""
        return self.saved.state

    @property
    def error_facts(self) -> CheckoutFacts:
        """The attributes of every error about this checkout."""
        return {"reference_id": self.state.reference_id, "step": self.state.step.value}

    @property
    def remaining(self) -> float:
        """Seconds until the pinned token, and with it the flow, ends."""
        return self.token.remaining(now(self.context.clock))

    @property
    def verified(self) -> bool:
        """Whether the customer was verified before the authorization, not by a code in it."""
        return not self.state.in_store or self.state.verification_code is not None

    @property
    def facts(self) -> Facts:
        """The fields of every event of this checkout, as of now."""
        return facts_of(self.state, max(now(self.context.clock).boot - self._began, 0.0))

    @property
    def _has_begun(self) -> bool:
        """Whether a call of the flow has succeeded, so that it is bound to its token."""
        return self.state.step not in _BEFORE_FIRST_CALL

    def next_steps(self) -> frozenset[str]:
        """Return the names of the methods that the table allows now."""
        step = self.state.step
        return frozenset(
            row.method for row in TABLE if row.at is step and not missing(row, self.state)
        )

    def row(self, method: str, outcome: str = "") -> Row:
        """Return the row of a call; raise CheckoutError if the table does not allow it now."""
        step = self.state.step
        if method not in NEXT_STEPS[step]:
            allowed = ", ".join(sorted(self.next_steps())) or "nothing"
            msg = f"{method}() is not allowed in step {step.value}; allowed: {allowed}"
            raise CheckoutError(msg, **self.error_facts)
        row = row_of(step, method, outcome)
        lacks = missing(row, self.state)
        if lacks:
            msg = f"{method}() requires {', '.join(lacks)}, which no answer contained so far"
            raise CheckoutError(msg, **self.error_facts)
        return row

    async def ready(self, method: str) -> Row:
        """
        Return the row of a step other than the operation and `plans`; the journal is asked first.

        Raises:
            CheckoutError: Not allowed now; also because the operation is done.
            OperationInProgress: The operation of this checkout is being made.
            OutcomeUnknown: It may or may not have run.
        """
        self.row(method)
        pending = await self.follow()
        if pending is not None:
            raise pending
        return self.row(method)

    async def follow(self) -> OperationError | None:
        """
        Ask the journal for the operation of the present step.

        One that is done moves the checkout forward.

        Returns:
            The error of one that is pending; None otherwise.
        """
        kind = OPERATIONS.get(self.state.step)
        if kind is None:
            return None
        known = await self.context.operations.known(kind, self.state.idempotency_key)
        if known is None or known.error is not None:
            return known.error if known else None
        if self.state.step is ENDS_AT[kind]:
            return None  # another call of this checkout was faster
        after = evolve(self.state, step=ENDS_AT[kind])
        if kind is OperationKind.AUTHORIZE:
            record = known.record
            after = evolve(
                after, authorization_id=record.authorization_id, capture_id=record.capture_id
            )
        # The process that made the operation has reported it; nobody has reported a resolved one.
        if await self.saved.follow(after) and known.record.resolved_by is not None:
            self._report_end(known.record)
        return None

    async def not_ready(self, kind: OperationKind) -> FlexitiError:
        """Return why an operation cannot be made that lacks data: the journal, then the table."""
        known = await self.context.operations.known(kind, self.state.idempotency_key)
        if known is not None:
            return known.error or done_already(known.record)
        try:
            self.row(kind.value)
        except CheckoutError as error:
            return error
        return CheckoutError("another step was taken", **self.error_facts)

    async def operate(
        self,
        call: OperationCall[T],
        add_answer: Callable[[CheckoutState, T], CheckoutState] = lambda state, _: state,
    ) -> T:
        """
        Make the operation with the pinned token, and move the step forward.

        The journal is asked first: what is done returns its recorded answer at any step, also after
        the token has ended. Only if the operation has to be sent does the table count.

        Args:
            call: The call.
            add_answer: Returns the state with data of the answer; by default none are kept.

        Raises:
            FlexitiError: As `Operations.run`.
            CheckoutError: Not allowed now; nothing was sent.
        """
        call = evolve(call, scope=self.token.scope)
        ended = ENDS_AT[call.kind]

        async def bearer() -> tuple[Token, TokenSource]:
            self.row(call.kind.value)
            return await self._pinned_token(), self

        made_here = False

        def on_end(end: OperationRecord | FlexitiError) -> None:
            nonlocal made_here
            made_here = True
            self._report_end(end, captured=(call.body or {}).get("auto_capture") is True)

        result: FlexitiError | None = None
        try:
            answer = await self.context.operations.execute(
                call,
                idempotency_key=self.state.idempotency_key,
                reference_id=self.state.reference_id,
                bearer=bearer,
                on_end=on_end,
            )
        except FlexitiError as error:
            if not is_result(error):
                raise
            result = error  # a decision about the application: it ran
        else:
            after = add_answer(evolve(self.state, step=ended), answer)
            await self._moved(after, call.kind, reported=made_here)
            return answer
        await self._moved(evolve(self.state, step=ended), call.kind, reported=made_here)
        raise result

    def confirms(self, account_number: int | str | None) -> bool:
        """
        Whether the shop has named this checkout's account.

        Raises:
            ValidationError: It has named another one.
        """
        known = self.state.account_number
        if account_number is None or known is None:
            return False
        problem = wrong_type("account_number", account_number, str, int)
        if problem is not None:
            raise problem
        named = to_number_text(account_number)
        if not isinstance(named, str) or named.lstrip("0") != known.lstrip("0"):
            hint = "must be the account of this checkout"
            error = ValidationError(
                field_errors=[FieldError("account_number", INVALID, None, hint)]
            )
            add_facts(error, self.error_facts)
            raise error
        return True

    async def require_trusted_account(self) -> None:
        """
        Check that nobody else can have written the account that was loaded with the checkout.

        Raises:
            ValidationError: The record is in a shared store and not encrypted.
        """
        if self._loaded and not await self.context.store.trusted():
            hint = (
                "required for a resumed checkout without token_keys: the saved account is not "
                "encrypted, so pass the one that the shop has kept with its order"
            )
            error = ValidationError(
                field_errors=[FieldError("account_number", REQUIRED, None, hint)]
            )
            add_facts(error, self.error_facts)
            raise error

    async def send(self, call: Call[T]) -> T:
        """
        Make any call that moves no money; it does not change the step.

        Calls of the pinned token's scope use it, others the session's token of their scope.
        """
        refuse_operation(call)
        self.context.client.check(call)
        if call.scope is self.token.scope:
            return await self.send_pinned(call)
        refresher = self.context.refresher(call.scope)
        token = await refresher.token(reference_id=self.state.reference_id)
        return await self.context.client.call(call, self.state.reference_id, token, refresher)

    async def send_pinned(self, call: Call[T]) -> T:
        """
        Send a call with the pinned token, even if the API lists another scope for it.

        Raises:
            CheckoutExpired: The token has ended.
            OperationError: The token has ended while the outcome of the operation is unknown.
        """
        client = self.context.client
        began = await client.wait() if client.busy else None
        call = evolve(call, scope=self.token.scope)
        if self.remaining <= 0 and self._has_begun:
            pending = await self.follow()
            if pending is not None:
                raise pending
        token = await self._pinned_token()
        return await client.call(call, self.state.reference_id, token, self, began=began)

    def verdict(self, call: SentCall, token: Token) -> Verdict:
        """
        Decide what follows from a 401 on a call with the pinned token.

        After the first successful call there is no other token to wait for, however new it is.
        """
        at = now(self.context.clock)
        age = token.age(at)
        if self._has_begun and age < token.lifetime:
            age = max(age, token.lifetime / 2)
        return self.rejections.decide(
            call,
            token.token_id,
            in_use=self.token.token_id,
            age=age,
            lifetime=token.lifetime,
            now=at.boot,
        )

    async def successor(
        self, token: Token, *, rejected: bool, reference_id: str | None = None
    ) -> Token:
        """
        Pin another token if no call of the flow has succeeded; otherwise the flow ends.

        Raises:
            CheckoutExpired: The token has ended.
            CheckoutTokenRejected: The API rejects it.
        """
        if not rejected:
            return await self._pinned_token()
        self.context.refresher(self.token.scope).reject_pinned(
            token, reference_id or self.state.reference_id
        )
        if self._has_begun:
            await self._report_expiry()
            msg = "Flexiti rejected the token of this checkout, and the flow has ended with it"
            raise CheckoutTokenRejected(msg, **self.error_facts)
        return await self._pin_another()

    async def pin_dedicated_token(self) -> None:
        """Pin a token of this flow's own, unless it has one or the shop wants a shared one."""
        if self.requested_sharing is Sharing.SHARED or self.state.sharing is Sharing.DEDICATED:
            return
        refresher = self.context.refresher(Scope.CUSTOMER)
        self.token = await refresher.dedicated(self._flow_ttl, reference_id=self.state.reference_id)
        self.saved.state = evolve(self.state, sharing=Sharing.DEDICATED)

    def report(self, event: CheckoutEvent) -> None:
        """Notify the listeners of a step of this checkout."""
        self.context.events.notify(event)

    def _report_end(self, end: OperationRecord | FlexitiError, *, captured: bool = False) -> None:
        event = event_of_end(end, self.facts, captured=captured)
        if event is None:
            return
        if isinstance(event, CheckoutAuthorized) and not self.verified:
            self.report(CheckoutVerified(**self.facts))
        self.report(event)

    async def _moved(self, after: CheckoutState, kind: OperationKind, *, reported: bool) -> None:
        """Take the step of an operation, and report it if somebody else has resolved it."""
        if after == self.state or not await self.saved.follow(after) or reported:
            return
        try:
            known = await self.context.operations.known(kind, self.state.idempotency_key)
        except FlexitiError:
            return  # the journal is down, and the answer must not be lost
        if known is not None and known.error is None and known.record.resolved_by is not None:
            self._report_end(known.record)

    async def _report_expiry(self) -> None:
        if await self.saved.expire():
            self.report(CheckoutExpiry(**self.facts))

    async def _pinned_token(self) -> Token:
        """Return the pinned token; an expired one is replaced if no call has succeeded yet."""
        if self.remaining > 0:
            return self.token
        if self._has_begun:
            await self._report_expiry()
            msg = "the flow has ended with its token; nothing was sent"
            raise CheckoutExpired(msg, **self.error_facts)
        return await self._pin_another()

    async def _pin_another(self) -> Token:
        refresher = self.context.refresher(self.token.scope)
        if self.state.sharing is Sharing.DEDICATED:
            self.token = await refresher.dedicated(
                self._flow_ttl, reference_id=self.state.reference_id
            )
        else:
            self.token = await refresher.token(self._flow_ttl, reference_id=self.state.reference_id)
        return self.token

    def _stamped(self, state: CheckoutState) -> CheckoutState:
        """Return a state as it is saved now."""
        token = StoredToken.of(self.token, self.remaining)
        return evolve(state, token=token, elapsed=self.facts["seconds"])
