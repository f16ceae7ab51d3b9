"""
`Flow`: the common part of a checkout online and one in store.

One reference id, one pinned token, the table of steps, the saved state, and the journal of
operations, which is the authority: the checkout follows it.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from attrs import evolve, frozen

from flexiti_async.api.converters import to_number_text
from flexiti_async.checkout.saved import CheckoutRecord, SavedCheckout, checkout_key, load_checkout
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
from flexiti_async.operations.guard import refuse_operation
from flexiti_async.operations.operations import Operations
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
    """

    client: ApiClient
    operations: Operations
    refresher: Callable[[Scope], TokenRefresher]
    store: SealedStore
    config: FlexitiConfig
    clock: Clock

    def key(self, reference_id: str) -> str:
        """Return the store key of a new checkout."""
        return next(self._keys(reference_id))

    async def load(self, reference_id: str) -> CheckoutRecord:
        """Load a saved checkout, whichever credentials saved it; raises like `load_checkout`."""
        return await load_checkout(self.store, self._keys(reference_id), reference_id)

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
        self.rejections: Final = context.refresher(token.scope).rejections
        self.saved: Final = SavedCheckout(
            state,
            record.key if record else context.key(state.reference_id),
            context.store if resumable else None,
            degrade=context.config.on_store_failure is OnStoreFailure.DEGRADE,
            token=self._stored_token,
            entry=record.entry if record else None,
        )

    @property
    def state(self) -> CheckoutState:
        """The present state."""
        return self.saved.state

    @property
    def remaining(self) -> float:
        """Seconds until the pinned token, and with it the flow, ends."""
        return self.token.remaining(now(self.context.clock))

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
            raise CheckoutError(msg, reference_id=self.state.reference_id)
        row = row_of(step, method, outcome)
        lacks = missing(row, self.state)
        if lacks:
            msg = f"{method}() requires {', '.join(lacks)}, which no answer contained so far"
            raise CheckoutError(msg, reference_id=self.state.reference_id)
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
        after = evolve(self.state, step=ENDS_AT[kind])
        if kind is OperationKind.AUTHORIZE:
            record = known.record
            after = evolve(
                after, authorization_id=record.authorization_id, capture_id=record.capture_id
            )
        await self.saved.follow(after)
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
        return CheckoutError("another step was taken", reference_id=self.state.reference_id)

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

        result: FlexitiError | None = None
        try:
            answer = await self.context.operations.execute(
                call,
                idempotency_key=self.state.idempotency_key,
                reference_id=self.state.reference_id,
                bearer=bearer,
            )
        except FlexitiError as error:
            if not is_result(error):
                raise
            result = error  # a decision about the application: it ran
        else:
            await self._moved(add_answer(evolve(self.state, step=ended), answer))
            return answer
        await self._moved(evolve(self.state, step=ended))
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
            raise ValidationError(field_errors=[FieldError("account_number", INVALID, None, hint)])
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
            raise ValidationError(field_errors=[FieldError("account_number", REQUIRED, None, hint)])

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

    async def successor(self, token: Token, *, rejected: bool) -> Token:
        """
        Pin another token if no call of the flow has succeeded; otherwise the flow ends.

        Raises:
            CheckoutExpired: The token has ended.
            CheckoutTokenRejected: The API rejects it.
        """
        if not rejected:
            return await self._pinned_token()
        self.context.refresher(self.token.scope).reject_pinned(token)
        if self._has_begun:
            msg = "Flexiti rejected the token of this checkout, and the flow has ended with it"
            raise CheckoutTokenRejected(msg, reference_id=self.state.reference_id)
        return await self._pin_another()

    async def pin_dedicated_token(self) -> None:
        """Pin a token of this flow's own, unless it has one or the shop wants a shared one."""
        if self.requested_sharing is Sharing.SHARED or self.state.sharing is Sharing.DEDICATED:
            return
        refresher = self.context.refresher(Scope.CUSTOMER)
        self.token = await refresher.dedicated(self._flow_ttl, reference_id=self.state.reference_id)
        self.saved.state = evolve(self.state, sharing=Sharing.DEDICATED)

    async def _moved(self, after: CheckoutState) -> None:
        if after != self.state:
            await self.saved.follow(after)

    async def _pinned_token(self) -> Token:
        """Return the pinned token; an expired one is replaced if no call has succeeded yet."""
        if self.remaining > 0:
            return self.token
        if self._has_begun:
            msg = "the flow has ended with its token; nothing was sent"
            raise CheckoutExpired(msg, reference_id=self.state.reference_id)
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

    def _stored_token(self) -> StoredToken:
        return StoredToken.of(self.token, self.remaining)
