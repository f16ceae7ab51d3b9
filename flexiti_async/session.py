"""`FlexitiSession`: the async session object that a shop works with."""

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from flexiti_async.api.widget import ApplyWidget, Flow, PurchaseWidget, Widget, init_widget
from flexiti_async.checkout.step import Sharing
from flexiti_async.clock import SYSTEM_CLOCK, Clock, now, today
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import SessionClosed
from flexiti_async.events.listeners import Listener, Listeners
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.store.interface import TokenStore
from flexiti_async.transport.pool import ClientSession, Transport
from flexiti_async.transport.reference_id import reference_id_of

if TYPE_CHECKING:
    from flexiti_async.checkout.base import Checkout
    from flexiti_async.tokens.refresher import TokenRefresher

__all__ = ["FlexitiSession"]

T = TypeVar("T")


class FlexitiSession:
    """
    Everything that a shop does with Flexiti, for all its checkouts at once.

    One session per process is enough, for any number of concurrent checkouts. Use it as
    `async with FlexitiSession(config) as flexiti:`, or call `aclose()` yourself. The first one of a
    process imports the rest of the library: make it at the start, before there is traffic.

    Args:
        config: What it is told; see `FlexitiConfig`.
        client_session: An `aiohttp.ClientSession` to borrow for all requests. It is used as it
            is, with its proxies and TLS settings, and never closed. Without it the session opens a
            pool of its own in each event loop.
        listeners: Told what happens (`flexiti_async.events.types`); `events.add` adds more.
        clock: Where the time comes from; for tests.

    Attributes:
        accounts: Plans, verification and closing of an account.
        applications: What follows the widget in an application.
        authorizations: Authorizations, captures, returns, refunds, and their lists.
        customers: Search, lookup and driving licences.
        reference: Form values and terms, kept for a while.
        transactions: Deposits, in-store payments and trade-ins.
    """

    def __init__(
        self,
        config: FlexitiConfig,
        *,
        client_session: ClientSession | None = None,
        listeners: Iterable[Listener] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        from flexiti_async import session_parts as made_of  # here, not above: see there

        self._config = config
        self._clock = clock
        self._events = Listeners(listeners, log=made_of.log_event)
        self._transport = Transport(
            config.api_url,
            timeout=config.request_timeout,
            connect_timeout=config.connect_timeout,
            connections=config.connections,
            client_session=client_session,
        )
        self._parts = made_of.Parts(config, self._transport, self._events, clock)
        self._client = self._parts.client
        self._owns_store = isinstance(config.store, str)
        self._store_closed = False
        self._closed = False
        self._refreshers: dict[Scope, TokenRefresher] = {}
        self._opened = self._parts.open(self.refresher)
        self._new_checkout = made_of.Checkout
        self.accounts: Final = made_of.Accounts(self.send)
        self.applications: Final = made_of.Applications(self.send)
        self.authorizations: Final = made_of.Authorizations(self.send)
        self.customers: Final = made_of.Customers(self.send)
        self.reference: Final = made_of.Reference(
            self.send, self._parts.reference_cache, i18n_method=config.i18n_method
        )
        self.transactions: Final = made_of.Transactions(self.send)

    @classmethod
    def from_env(cls, **options: object) -> Self:
        """
        Make a session of `FLEXITI_*` environment variables and the file `FLEXITI_CONFIG` names.

        `options` win over both. Raises ConfigError.
        """
        return cls(FlexitiConfig.load(**options))

    @property
    def config(self) -> FlexitiConfig:
        """What the session was told."""
        return self._config

    @property
    def events(self) -> Listeners:
        """Where listeners are added; all events go to the log as well."""
        return self._events

    @property
    def store(self) -> TokenStore:
        """The token store in use."""
        return self._opened.store

    async def __aenter__(self) -> Self:
        """Open the session; one that was closed opens again."""
        if self._closed:
            self._closed = self._store_closed = False
            self._refreshers = {}
            self._opened = self._parts.open(self.refresher)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self.aclose()

    async def aclose(self) -> None:
        """
        Wait for a running refresh, for some seconds, and let go of all connections.

        A borrowed client session, and a store that was given as an object, stay open.
        """
        self._closed = True
        # Each part may be done again: a close that was cancelled can be finished.
        for refresher in self._refreshers.values():
            await refresher.aclose()
        await self._transport.aclose()
        if self._owns_store and not self._store_closed:
            await self._opened.store.aclose()
            self._store_closed = True

    async def token(self, scope: Scope = Scope.CUSTOMER, *, min_ttl: float | None = 0.0) -> Token:
        """
        Get a token that lives long enough, from memory in nearly every case.

        Args:
            scope: What it is for.
            min_ttl: Seconds that it must still live at least; None for half of a lifetime.

        Raises:
            TokenError: None is to be had.
            StoreUnavailable: The store is down, and `on_store_failure` is `raise`.
        """
        return await self.refresher(scope).token(min_ttl)

    async def send(self, call: Call[T], *, reference_id: str | None = None) -> T:
        """
        Make any call of the API and give what it promises.

        Args:
            call: From a function of `flexiti_async.api`, or made by hand.
            reference_id: The flow's `x-reference-id`; a new one is drawn by default.

        Raises:
            ApiError: The API answered with an error.
            TransportError: There was no answer.
            TokenError: There is no token.
        """
        reference_id = reference_id_of(reference_id)
        refresher = self.refresher(call.scope)
        token = await refresher.token()
        return await self._client.call(call, reference_id, token, refresher.replace)

    async def checkout(
        self,
        reference_id: str | None = None,
        *,
        sharing: Sharing | str | None = None,
        flow_ttl: float | None = None,
        resumable: bool = True,
        in_store: bool = False,
    ) -> "Checkout":
        """
        Start a customer's flow with a token that will live long enough for it.

        Args:
            reference_id: The flow's `x-reference-id`: 32 hex digits or a GUID of 36 characters; a
                new one is drawn by default.
            sharing: `shared` or `dedicated`; by default shared, and an application gets a
                dedicated token when it calls widget/init.
            flow_ttl: Seconds that the token must live at least; default is the configuration's,
                and half of a token's lifetime if that has none.
            resumable: Save the checkout in the token store, so that `resume()` finds it in any
                process of the shop.
            in_store: It is at a counter: it begins with `lookup`, with a merchant's token, and no
                widget, since no such token may reach a browser.

        Raises:
            TokenError: There is no token.
            ValidationError: The reference id is none.
        """
        reference_id = reference_id_of(reference_id)
        ttl = self._config.flow_ttl if flow_ttl is None else flow_ttl
        chosen = None if sharing is None else Sharing(sharing)
        refresher = self.refresher(Scope.MERCHANT if in_store else Scope.CUSTOMER)
        if chosen is Sharing.DEDICATED:
            token = await refresher.dedicated(ttl)
        else:
            token = await refresher.token(ttl)
        checkout = self._new_checkout(
            self._opened.desk,
            reference_id,
            token,
            sharing=chosen,
            flow_ttl=ttl,
            resumable=resumable,
        )
        await checkout.save()
        return checkout

    async def resume(self, reference_id: str) -> "Checkout":
        """
        Take up a checkout that was started anywhere in the shop.

        Raises:
            CheckoutNotFound: There is none, or it has ended with its token.
            StoreUnavailable: The store is down.
        """
        saved = await self._opened.desk.records.load(reference_id_of(reference_id))
        state = saved.state
        scope = Scope.MERCHANT if state.in_store else Scope.CUSTOMER
        token = state.token.as_token(scope, life=state.token.remaining, at=now(self._clock))
        return self._new_checkout(
            self._opened.desk,
            state.reference_id,
            token,
            sharing=state.sharing,
            flow_ttl=self._config.flow_ttl,
            resumable=True,
            saved=saved,
        )

    async def init_widget(
        self, widget: ApplyWidget | PurchaseWidget, *, reference_id: str | None = None
    ) -> Widget:
        """
        Call widget/init, all in one: token, call, answer. Nothing is saved.

        For a purchase the shared token is used, for an application one of its own.

        Raises:
            ValidationError: The applicant is not of age.
            ApiError: The API refused.
            TransportError: There was no answer.
            TokenError: There is no token.
        """
        reference_id = reference_id_of(reference_id)
        refresher, flow = self.refresher(Scope.CUSTOMER), widget.flow
        call = init_widget(
            widget,
            account_type_place=self._config.account_type_place,
            today=today(self._clock) if flow is Flow.APPLY else None,
        )
        del widget  # the call has all of it, and may wait for long
        if flow is Flow.PURCHASE:
            token, replace = await refresher.token(self._config.flow_ttl), self._replace_shared
        else:
            token, replace = await refresher.dedicated(self._config.flow_ttl), self._replace_own
        answer = await self._client.call(call, reference_id, token, replace)
        return answer.sent_with(reference_id)

    async def _replace_shared(self, refused: Token) -> Token:
        """Get another token for a purchase."""
        refresher = self.refresher(Scope.CUSTOMER)
        return await refresher.replace(refused, self._config.flow_ttl)

    async def _replace_own(self, refused: Token) -> Token:
        """Get another token for an application."""
        refresher = self.refresher(Scope.CUSTOMER)
        refresher.reject(refused.token_id)
        return await refresher.dedicated(self._config.flow_ttl)

    def refresher(self, scope: Scope) -> "TokenRefresher":
        """Give the refresher of a scope's tokens."""
        refresher = self._refreshers.get(scope)
        if refresher is None:
            refresher = self._refreshers.setdefault(
                scope, self._parts.new_refresher(scope, self._opened)
            )
        if self._closed:
            msg = "the session is closed"
            raise SessionClosed(msg)
        return refresher
