"""`FlexitiSession`: the async session object that a shop works with."""

from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self, TypeVar

from attrs import frozen

from flexiti_async.api.widget import ApplyWidget, Flow, PurchaseWidget, Widget, init_widget
from flexiti_async.checkout.base import Checkout
from flexiti_async.checkout.flow import CheckoutContext
from flexiti_async.checkout.state import Sharing
from flexiti_async.clock import SYSTEM_CLOCK, Clock, now, today
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.config.options import OnStoreFailure, RefreshRevokesAccess
from flexiti_async.errors import SessionClosed, SessionEntered
from flexiti_async.events.listeners import Listener, Listeners
from flexiti_async.events.log import log_event
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.resources import (
    Accounts,
    Applications,
    Authorizations,
    Customers,
    Reference,
    Transactions,
)
from flexiti_async.resources.reference_cache import ReferenceCache
from flexiti_async.store.interface import TokenStore
from flexiti_async.store.loading import open_store
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.context import RefreshContext, TokenOptions
from flexiti_async.tokens.endpoint import TokenEndpoint
from flexiti_async.tokens.record import TokenKey
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import PROCESS
from flexiti_async.tokens.refresher import TokenRefresher
from flexiti_async.transport.client import ApiClient
from flexiti_async.transport.pool import ClientSession, Transport
from flexiti_async.transport.reference_id import reference_id_of

__all__ = ["FlexitiSession"]

T = TypeVar("T")

_CLOSED: Final = "the session is closed"


@frozen
class _Open:
    """
    The parts that live from the opening of a session to its closing.

    Attributes:
        store: The token store.
        sealed: The token store with a time-out, one error type and encryption.
        checkouts: The parts that checkouts use.
        refreshers: The refresher of each scope in use.
    """

    store: TokenStore
    sealed: SealedStore
    checkouts: CheckoutContext
    refreshers: dict[Scope, TokenRefresher]


class FlexitiSession:
    """
    A shop's session with Flexiti, for all of its checkouts at once.

    One session per process is enough for any number of concurrent checkouts. Use it as
    `async with FlexitiSession(config) as flexiti:`, or call `aclose()` yourself.

    Args:
        config: The configuration; see `FlexitiConfig`.
        client_session: An `aiohttp.ClientSession` to borrow for all requests, with its proxies and
            TLS settings; it is never closed. It has to verify TLS, and cannot promise that money
            goes over new connections. Without it, the session opens a pool of its own in each event
            loop.
        listeners: Notified of events (`flexiti_async.events`); `events.add` adds more.
        clock: The clock to use; for tests.

    Attributes:
        accounts: Plans, verification and closing of an account.
        applications: The application that follows the widget.
        authorizations: Authorizations, captures, returns, refunds, and their lists.
        customers: Search, lookup and driving licences.
        reference: Form values and terms, cached.
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
        self._config = config
        self._clock = clock
        self._events = Listeners(listeners, log=log_event)
        self._transport = Transport(
            config.api_url,
            timeout=config.request_timeout,
            connect_timeout=config.connect_timeout,
            connections=config.connections,
            client_session=client_session,
            keepalive_timeout=config.keepalive_timeout,
            proxy=config.proxy,
            trust_env=config.trust_env,
            ca_file=config.ca_file,
            client_cert=config.client_cert,
            client_key=config.client_key,
        )
        builder = RequestBuilder(config.api_url, config.client_id, versions=config.api_versions)
        self._endpoint = TokenEndpoint(config, builder, self._transport, clock, self._events)
        self._client = ApiClient(
            builder,
            self._transport,
            retries=config.retries,
            timeout=config.call_timeout or 2 * config.request_timeout,
            clock=clock,
            events=self._events,
        )
        self._owns_store = isinstance(config.store, str)
        self._store_closed = False
        self._entered = self._closed = False
        self._open = self._opened()
        self.accounts: Final = Accounts(self.send)
        self.applications: Final = Applications(self.send)
        self.authorizations: Final = Authorizations(self.send)
        self.customers: Final = Customers(self.send)
        cache = ReferenceCache(
            config.reference_cache,
            place=f"{config.api_url} {config.client_id}",
            ttl=config.reference_ttl,
            clock=clock,
        )
        self.reference: Final = Reference(self.send, cache, i18n_method=config.i18n_method)
        self.transactions: Final = Transactions(self.send)

    @classmethod
    def from_env(cls, **options: object) -> Self:
        """
        Configure a session from `FLEXITI_*` variables and the file that `FLEXITI_CONFIG` names.

        `options` override both. Raises ConfigError.
        """
        return cls(FlexitiConfig.load(**options))

    @property
    def config(self) -> FlexitiConfig:
        """The configuration."""
        return self._config

    @property
    def events(self) -> Listeners:
        """The listeners; every event is logged as well."""
        return self._events

    @property
    def store(self) -> TokenStore:
        """The token store in use."""
        return self._open.store

    async def __aenter__(self) -> Self:
        """
        Enter the session, once in its life: the block that has entered it closes it for all.

        Raises:
            SessionEntered: It was entered before and is open: another block would close it.
            SessionClosed: It is closed; a closed session does not open again.
        """
        if self._closed:
            raise SessionClosed(_CLOSED)
        if self._entered:
            msg = (
                "the session is entered already: enter it once, for the life of the process, and "
                "share it"
            )
            raise SessionEntered(msg)
        self._entered = True
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
        End all calls, wait up to 5 seconds for a running refresh, then close all connections.

        Callers that wait for an answer, a connection, a token or the next attempt get
        SessionClosed at once, and so does every use of the session from now on. A call that must
        not run twice, and that may have been sent, ends in OutcomeUnknown. A borrowed client
        session, and a store that was passed as an object, stay open.
        """
        self._closed = True
        refreshers = list(self._open.refreshers.values())
        for refresher in refreshers:
            refresher.stop()
        self._transport.stop_calls()
        # Each part may be closed twice, so a cancelled close can be repeated.
        for refresher in refreshers:
            await refresher.aclose()
        await self._transport.aclose()
        self._open.sealed.close()
        if self._owns_store and not self._store_closed:
            await self._open.store.aclose()
            self._store_closed = True

    async def token(self, scope: Scope = Scope.CUSTOMER, *, min_ttl: float | None = 0.0) -> Token:
        """
        Return a token that lives long enough, nearly always from memory.

        Args:
            scope: The scope of the token.
            min_ttl: Seconds that it must live at least; None for half of a lifetime.

        Raises:
            TokenError: No token could be obtained.
            StoreUnavailable: The store is down, and `on_store_failure` is `raise`.
        """
        return await self.refresher(scope).token(min_ttl)

    async def send(self, call: Call[T], *, reference_id: str | None = None) -> T:
        """
        Make any call of the API and return its result.

        Args:
            call: From a function of `flexiti_async.api`, or built by hand.
            reference_id: The flow's `x-reference-id`; a new one is drawn by default.

        Raises:
            ApiError: The API answered with an error.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
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
    ) -> Checkout:
        """
        Start a customer's flow, with a token that lives long enough for it.

        Args:
            reference_id: The flow's `x-reference-id`: 32 hex digits or a GUID of 36 characters; a
                new one is drawn by default.
            sharing: `shared` or `dedicated`; by default shared, and an application gets a
                dedicated token when it calls widget/init.
            flow_ttl: Seconds that the token must live at least; by default the configured
                `flow_ttl`, or half of a token's lifetime.
            resumable: Save the checkout in the token store, so that `resume()` finds it in any
                process of the shop.
            in_store: The purchase is made at a counter: it begins with `lookup`, and uses a
                merchant token and no widget, because such a token must not reach a browser.

        Raises:
            TokenError: No token could be obtained.
            ValidationError: The reference id is not valid.
        """
        reference_id = reference_id_of(reference_id)
        ttl = self._config.flow_ttl if flow_ttl is None else flow_ttl
        chosen = None if sharing is None else Sharing(sharing)
        refresher = self.refresher(Scope.MERCHANT if in_store else Scope.CUSTOMER)
        if chosen is Sharing.DEDICATED:
            token = await refresher.dedicated(ttl)
        else:
            token = await refresher.token(ttl)
        checkout = Checkout(
            self._open.checkouts,
            reference_id,
            token,
            sharing=chosen,
            flow_ttl=ttl,
            resumable=resumable,
        )
        await checkout.save()
        return checkout

    async def resume(self, reference_id: str) -> Checkout:
        """
        Resume a checkout that was started in any process of the shop.

        Raises:
            CheckoutNotFound: It was never saved, or it has expired with its token.
            StoreUnavailable: The store is down.
        """
        if self._closed:
            raise SessionClosed(_CLOSED)
        record = await self._open.checkouts.load(reference_id_of(reference_id))
        state = record.state
        scope = Scope.MERCHANT if state.in_store else Scope.CUSTOMER
        token = state.token.as_token(scope, life=state.token.remaining, at=now(self._clock))
        return Checkout(
            self._open.checkouts,
            state.reference_id,
            token,
            sharing=state.sharing,
            flow_ttl=self._config.flow_ttl,
            resumable=True,
            record=record,
        )

    async def init_widget(
        self, widget: ApplyWidget | PurchaseWidget, *, reference_id: str | None = None
    ) -> Widget:
        """
        Obtain a token and call widget/init, in one step; nothing is saved.

        A purchase uses the shared token, an application a dedicated one.

        Raises:
            ValidationError: The applicant is not of age.
            ApiError: The API rejected the call.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
        """
        reference_id = reference_id_of(reference_id)
        refresher, flow = self.refresher(Scope.CUSTOMER), widget.flow
        call = init_widget(
            widget,
            account_type_place=self._config.account_type_place,
            today=today(self._clock) if flow is Flow.APPLY else None,
        )
        del widget  # the call holds its data, and this frame may wait for long
        if flow is Flow.PURCHASE:
            token, replace = await refresher.token(self._config.flow_ttl), self._replace_shared
        else:
            token, replace = await refresher.dedicated(self._config.flow_ttl), self._replace_own
        answer = await self._client.call(call, reference_id, token, replace)
        return answer.sent_with(reference_id)

    async def _replace_shared(self, rejected: Token) -> Token:
        """Obtain another token for a purchase."""
        refresher = self.refresher(Scope.CUSTOMER)
        return await refresher.replace(rejected, self._config.flow_ttl)

    async def _replace_own(self, rejected: Token) -> Token:
        """Obtain another token for an application."""
        refresher = self.refresher(Scope.CUSTOMER)
        refresher.reject(rejected.token_id)
        return await refresher.dedicated(self._config.flow_ttl)

    def refresher(self, scope: Scope) -> TokenRefresher:
        """Return the refresher of a scope's tokens."""
        refresher = self._open.refreshers.get(scope)
        if refresher is None:
            refresher = self._open.refreshers.setdefault(scope, self._new_refresher(scope))
        if self._closed:
            raise SessionClosed(_CLOSED)
        return refresher

    def _opened(self) -> _Open:
        config = self._config
        store = open_store(config.store)
        sealed = SealedStore(store, timeout=config.store_timeout, keys=config.token_keys)
        checkouts = CheckoutContext(
            client=self._client,
            refresher=self.refresher,
            store=sealed,
            config=config,
            clock=self._clock,
        )
        return _Open(store, sealed, checkouts, {})

    def _new_refresher(self, scope: Scope) -> TokenRefresher:
        config = self._config
        key = TokenKey(config.api_url, config.client_id, scope)
        harmless = config.refresh_revokes_access is RefreshRevokesAccess.NO
        context = RefreshContext(
            key=key,
            record=RecordStore(key.store_key, self._open.sealed, self._clock),
            request_token=self._endpoint.request_token,
            refresh_tokens=PROCESS,
            options=TokenOptions(
                fingerprint=config.fingerprint,
                token_timeout=config.token_timeout,
                refresh_ahead=config.refresh_ahead,
                leeway=config.leeway,
                degrade=config.on_store_failure is OnStoreFailure.DEGRADE,
                refresh_is_harmless=harmless,
            ),
            clock=self._clock,
            events=self._events,
        )
        return TokenRefresher(context, store_id=id(self._open.store))
