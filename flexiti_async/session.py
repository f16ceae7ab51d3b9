"""`FlexitiSession`: the async session object that a shop works with."""

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Final, Self, TypeVar, Unpack, cast
from urllib.parse import urlsplit

from attrs import evolve

from flexiti_async.api.widget import ApplyWidget, Flow, PurchaseWidget, Widget, init_widget
from flexiti_async.api.widget_origins import WidgetOrigins
from flexiti_async.checkout.flow import CheckoutContext
from flexiti_async.checkout.in_store import InStoreCheckout
from flexiti_async.checkout.online import OnlineCheckout
from flexiti_async.checkout.opening import resume, start
from flexiti_async.checkout.state import Sharing, SharingWord
from flexiti_async.clock import SYSTEM_CLOCK, Clock, today
from flexiti_async.config.located import naming_source
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.config.options import (
    ClientAuth,
    ConfigOptions,
    HttpEngine,
    OnStoreFailure,
    RefreshRevokesAccess,
)
from flexiti_async.config.parsing import Invalid, count, is_loopback, seconds
from flexiti_async.config.reload import check_reload
from flexiti_async.errors import ConfigError, SessionClosed, SessionEntered
from flexiti_async.events.listeners import Listener, Listeners
from flexiti_async.events.log import EventLog, write_log
from flexiti_async.events.types import AnswerReceived
from flexiti_async.operations.coordinator import OperationsContext
from flexiti_async.operations.guard import refuse_operation
from flexiti_async.operations.journal import SETTLE, Journal
from flexiti_async.operations.keys import IdempotencyKey, default_account
from flexiti_async.operations.operations import Operations, with_client
from flexiti_async.operations.settling import operation_deadline
from flexiti_async.protocol.arguments import word
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, ScopeWord, Token
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
from flexiti_async.store.journal import journal_store
from flexiti_async.store.loading import open_store
from flexiti_async.store.sealed import SealedJournal, SealedStore
from flexiti_async.tokens.context import RefreshContext, TokenOptions
from flexiti_async.tokens.endpoint import TokenEndpoint
from flexiti_async.tokens.policy import checked_ttl
from flexiti_async.tokens.record import TokenKey
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import RefreshTokens
from flexiti_async.tokens.refresher import TokenRefresher, close_refreshers
from flexiti_async.tokens.widget_tokens import WidgetTokens
from flexiti_async.transport.client import ApiClient, TokenSource
from flexiti_async.transport.event_loop import require_asyncio
from flexiti_async.transport.pool import ClientSession, Transport
from flexiti_async.transport.reference_id import ReferenceId, reference_id_of

__all__ = ["FlexitiSession"]

T = TypeVar("T")

_CLOSED: Final = "the session is closed"


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

    Raises:
        ConfigError: An argument is of another type, or cannot be used.

    Attributes:
        accounts: Plans, verification and closing of an account.
        applications: The application that follows the widget.
        authorizations: Authorizations, captures, returns, refunds, and their lists.
        customers: Search, lookup and driving licences.
        operations: The journal of calls that move money: pending ones, look up, resolve.
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
        _check_parts(config, clock)
        if config.log is not None:
            write_log(config.log.value)
        self._config = config
        self._clock = clock
        self._events = Listeners(listeners, log=EventLog(clock))
        with naming_source(config.source_of):
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
                http=config.http,
            )
        builder = RequestBuilder(
            config.api_url,
            config.client_id,
            versions=config.api_versions,
            basic_auth=config.client_auth is ClientAuth.BASIC,
        )
        self._builder = builder
        self._endpoint = TokenEndpoint(config, builder, self._transport, clock, self._events)
        self._client = ApiClient(
            builder,
            self._transport,
            retries=config.retries,
            connections=config.connections,
            timeout=config.call_timeout or 2 * config.request_timeout,
            clock=clock,
            events=self._events,
            origins=WidgetOrigins.of(config.api_url, config.widget_origins),
        )
        self._owns_store = isinstance(config.store, Secret)
        self._store_closed = False
        self._entered = self._closed = False
        with naming_source(config.source_of):
            self._store = open_store(config.store)
            self._sealed = SealedStore(
                self._store, timeout=config.store_timeout, keys=config.token_keys
            )
        self._refreshers: dict[Scope, TokenRefresher] = {}
        self._shared_tokens: WidgetTokens | None = None
        # Those of other credentials, by their fingerprint: calls that use them go on.
        self._retired: dict[str, dict[Scope, TokenRefresher]] = {}
        operations = Operations(
            OperationsContext(
                client=self._client,
                bearer=self._bearer,
                journal=self._opened_journal,
                account=config.account
                or default_account(config.environment, config.api_url, config.client_id),
                clock=clock,
                events=self._events,
                deadline=operation_deadline(config),
                settle=SETTLE,
            )
        )
        self._checkouts = CheckoutContext(
            client=self._client,
            operations=operations,
            refresher=self.refresher,
            store=self._sealed,
            config=config,
            clock=clock,
            events=self._events,
        )
        self._journal: Journal | None = None
        self._journal_store: TokenStore | None = None
        self._reference_cache = ReferenceCache(
            config.reference_cache,
            place=f"{config.api_url} {config.client_id}",
            ttl=config.reference_ttl,
            clock=clock,
            events=self._events,
        )
        self._add_groups(operations, config)

    def _add_groups(self, operations: Operations, config: FlexitiConfig) -> None:
        """Set the groups of methods, whose calls this session makes."""
        send = self.send
        self.operations = operations
        self.accounts = Accounts(send)
        self.applications = Applications(operations)
        self.authorizations = Authorizations(send, operations)
        self.customers = Customers(send, local_rules=config.local_rules)
        self.reference = Reference(send, self._reference_cache, i18n_method=config.i18n_method)
        self.transactions = Transactions(operations)

    @classmethod
    def from_env(cls, **options: Unpack[ConfigOptions]) -> Self:
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
    def http(self) -> HttpEngine:
        """
        The HTTP engine of the next call.

        It is aiohttp in spite of the option if there is a proxy, if a client session is lent, and
        while something else has replaced a part of aiohttp's, as mocks and tracing agents do.
        Token requests and large bodies always go by aiohttp.
        """
        return HttpEngine(self._transport.http)

    @property
    def events(self) -> Listeners:
        """The listeners; every event is logged as well."""
        return self._events

    @property
    def store(self) -> TokenStore:
        """The token store in use."""
        return self._store

    def with_options(
        self,
        *,
        timeout: float | timedelta | None = None,
        retries: int | None = None,
        on_answer: Callable[[AnswerReceived], object] | None = None,
    ) -> "FlexitiSession":
        """
        Return this session with other options for the calls that are made through it.

        `flexiti.with_options(timeout=3, retries=0).accounts.plans(...)`: everything that a session
        makes has them, its groups, `send`, `checkout` and `resume`, and the checkouts that these
        return. All else is in common: tokens, connections, the budget of retries, the journal, the
        listeners. It is cheap to make and to keep; its session opens and closes it. None leaves an
        option as it is here.

        Calls that move money keep their rules: an attempt that may have run is not repeated,
        whatever `retries` says, and an operation is not sent any more after its deadline, which is
        `timeout`, `connect_timeout` and twice `store_timeout` after it was claimed. After a shorter
        time-out its outcome is unknown all the same. Callers that make one operation at the same
        time share it, with the options of the first. Requests for tokens have time limits of their
        own, and answers that `reference` has cached are those of the session.

        Args:
            timeout: Seconds that one request may take, in place of `request_timeout`. A whole call,
                with its retries and the waits between them, may take twice as long.
            retries: How often a call that is safe to retry is retried, in place of `retries`.
            on_answer: Called with the status and the headers of every answer, also of one that
                becomes an error or is followed by a retry; not with those of token requests. A
                plain function that does not block, such as `answers.append` of a list. Nothing is
                kept otherwise.

        Raises:
            ConfigError: `timeout` is not greater than 0, `retries` is not a whole number of at
                least 0, or `on_answer` is not a plain function.
        """
        limit, most, answers = _checked_options(timeout, retries, on_answer)
        client = self._client.with_options(timeout=limit, retries=most, answers=answers)
        deadline = None if limit is None else operation_deadline(self.config, limit)
        operations = with_client(self.operations, client, deadline=deadline)
        return _View(self, client, operations, self._reference_cache, self._context)

    def reload(self, config: FlexitiConfig) -> None:
        """
        Go on with other credentials and encryption keys, without a restart.

        Calls, checkouts and records from now on use them. Calls that are being made end with what
        they began with, and a checkout keeps its token. What the rings of `config` find, this
        session finds: `other_client_secret`, `other_merchant_username` and all of `token_keys`.

        Args:
            config: As this session's, but for client secrets, merchant logins, `merchants_login`,
                `other_merchants_login` and `token_keys`: `FlexitiConfig.load()`, for example, which
                reads the files of secrets again.

        Raises:
            ConfigError: Another option differs, or a key is not valid; nothing has changed.
            SessionClosed: The session is closed.
        """
        config = check_reload(self._config, config)
        if self._closed:
            raise SessionClosed(_CLOSED)
        with naming_source(config.source_of):
            self._sealed.rekey(config.token_keys)
        if self._journal is not None:
            self._journal.rekey(config.token_keys)
        before, after = self._config.fingerprint, config.fingerprint
        self._config = config
        self._checkouts = evolve(self._checkouts, config=config)
        if before != after:
            self._endpoint = TokenEndpoint(
                config, self._builder, self._transport, self._clock, self._events
            )
            self._retired[before] = self._refreshers
            self._refreshers = self._retired.pop(after, {})

    async def __aenter__(self) -> Self:
        """
        Enter the session, once in its life: the block that has entered it closes it for all.

        Raises:
            SessionEntered: It was entered before and is open: another block would close it.
            SessionClosed: It is closed; a closed session does not open again.
            ConfigError: No event loop of asyncio is running here.
        """
        require_asyncio()
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
        Wait for operations, end all calls and refreshes, then close all connections.

        Every use of the session raises SessionClosed from now on. Operations that were claimed go
        on to their end, for 22 seconds at most with the default time-outs. Then callers that wait
        for an answer, a connection, a token or the next attempt get SessionClosed at once; running
        refreshes have 5 seconds. A borrowed client session, and a store that was passed as an
        object, stay open.
        """
        self._closed = True
        every = (self._refreshers, *self._retired.values())
        refreshers = [refresher for each in every for refresher in each.values()]
        for refresher in refreshers:
            refresher.stop()
        # A close that is cancelled closes all parts, too. Each may be closed twice, so that a close
        # that was cancelled again can be repeated.
        async with AsyncExitStack() as parts:
            parts.callback(self._events.close)
            parts.push_async_callback(self._close_journal)
            parts.push_async_callback(self._close_store)
            parts.push_async_callback(self._transport.aclose)
            parts.push_async_callback(close_refreshers, refreshers)
            parts.callback(self._transport.stop_calls)
            await self.operations.aclose()

    async def _close_store(self) -> None:
        self._sealed.close()
        if self._owns_store and not self._store_closed:
            await self._store.aclose()
            self._store_closed = True

    async def _close_journal(self) -> None:
        if self._journal is not None:
            # Those that outlasted their deadline have ended with the calls, and record that now.
            await self.operations.aclose(within=self._config.store_timeout)
            self._journal.close()
        if self._journal_store is not None:
            await self._journal_store.aclose()
            self._journal_store = None

    async def token(
        self, scope: Scope | ScopeWord = Scope.CUSTOMER, *, min_ttl: float | None = 0.0
    ) -> Token:
        """
        Return a token that lives long enough, nearly always from memory.

        Args:
            scope: The scope of the token.
            min_ttl: Seconds that it must live at least; None for half of a lifetime.

        Raises:
            ValidationError: `min_ttl` is not a finite number of at least 0, or there is no such
                scope.
            TokenError: No token could be obtained.
            StoreUnavailable: The store is down, and `on_store_failure` is `raise`.
        """
        if type(min_ttl) is not float or min_ttl:  # the default needs no check
            min_ttl = checked_ttl(min_ttl, "min_ttl")
        return await self.refresher(scope).token(min_ttl)

    async def send(self, call: Call[T], *, reference_id: ReferenceId | None = None) -> T:
        """
        Make a call that moves no money, and return its result.

        Args:
            call: From a function of `flexiti_async.api`, or built by hand.
            reference_id: The flow's `x-reference-id`; a new one is drawn by default.

        Raises:
            ConfigError: The call moves money, or is a POST of one's own that may not be repeated:
                `operations.run` makes it. Or it is a widget/init of another scope than customer,
                whose token must not reach a browser.
            ValidationError: It is no call, or cannot be sent as it is.
            ApiError: The API answered with an error.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
        """
        refuse_operation(call)
        self._client.check(call)
        reference = reference_id_of(reference_id)
        refresher = self.refresher(call.scope)
        began = await self._client.wait() if self._client.busy else None
        token = await refresher.token(reference_id=reference)
        return await self._client.call(call, reference, token, refresher, began=began)

    async def checkout(
        self,
        idempotency_key: IdempotencyKey,
        *,
        reference_id: ReferenceId | None = None,
        sharing: Sharing | SharingWord | None = None,
        flow_ttl: float | None = None,
        resumable: bool = True,
    ) -> OnlineCheckout:
        """
        Start a customer's flow online, with a token that lives long enough for it.

        Args:
            idempotency_key: The shop's own name for what is paid or applied for, such as the id of
                the order. It is looked up at once: an order that is paid, or may be, is raised
                before a customer is asked for anything.
            reference_id: The flow's `x-reference-id`: a GUID in any spelling; a new one is drawn by
                default.
            sharing: `shared` or `dedicated`; by default shared, and an application gets a
                dedicated token when it calls widget/init.
            flow_ttl: Seconds that the token must live at least; by default the configured
                `flow_ttl`, or half of a token's lifetime.
            resumable: Save the checkout in the token store, so that `resume()` finds it in any
                process of the shop.

        Raises:
            ValidationError: The key, the reference id, `sharing`, `flow_ttl` or `resumable` is not
                valid.
            IdempotencyKeyReused: The order is paid already, or its application sent.
            OperationInProgress: It is being made.
            OutcomeUnknown: It may or may not have run.
            JournalForgot: The journal may have lost records.
            StoreUnavailable: The journal is down.
            TokenError: No token could be obtained.
        """
        chosen = None if sharing is None else word(Sharing, "sharing", sharing)
        flow = await start(
            self._context(),
            idempotency_key,
            in_store=False,
            reference_id=reference_id,
            sharing=chosen,
            flow_ttl=flow_ttl,
            resumable=resumable,
        )
        return OnlineCheckout(flow)

    async def in_store_checkout(
        self,
        idempotency_key: IdempotencyKey,
        *,
        reference_id: ReferenceId | None = None,
        flow_ttl: float | None = None,
        resumable: bool = True,
    ) -> InStoreCheckout:
        """
        Start a purchase at a counter, with a merchant token that lives long enough for it.

        Arguments and errors are those of `checkout`.
        """
        flow = await start(
            self._context(),
            idempotency_key,
            in_store=True,
            reference_id=reference_id,
            sharing=None,
            flow_ttl=flow_ttl,
            resumable=resumable,
        )
        return InStoreCheckout(flow)

    async def resume(self, reference_id: ReferenceId) -> OnlineCheckout:
        """
        Resume a checkout that was started in any process of the shop.

        If its operation ran meanwhile, it is resumed at the step that follows.

        Raises:
            CheckoutNotFound: It was never saved, it has ended with its token, or it is in store.
            StoreUnavailable: The store is down.
        """
        return OnlineCheckout(await resume(self._context(), reference_id, in_store=False))

    async def resume_in_store(self, reference_id: ReferenceId) -> InStoreCheckout:
        """
        Resume a checkout in store; see `resume`.

        Raises:
            CheckoutNotFound: It was never saved, it has ended with its token, or it is online.
            StoreUnavailable: The store is down.
        """
        return InStoreCheckout(await resume(self._context(), reference_id, in_store=True))

    async def init_widget(
        self, widget: ApplyWidget | PurchaseWidget, *, reference_id: ReferenceId | None = None
    ) -> Widget:
        """
        Obtain a token and call widget/init, in one step; nothing is saved.

        A purchase uses the shared token, an application a dedicated one.

        Raises:
            ValidationError: The customer does not pass the `local_rules`, the account type has no
                place in the body, or the widget is of another type.
            ApiError: The API rejected the call.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
        """
        reference, began = reference_id_of(reference_id), None
        if self._client.busy:
            self._widget_call(widget)  # what is wrong with it is raised before the wait
            try:
                began = await self._client.wait()
            except BaseException:  # cancelled: this frame is in the traceback
                del widget
                raise
        call = self._widget_call(widget)
        flow = widget.flow
        del widget  # the call holds its data, and this frame may wait for long
        tokens = self._widget_tokens(reference if flow is Flow.APPLY else None)
        token = await tokens.token(reference)
        answer = await self._client.call(call, reference, token, tokens, began=began)
        return answer.sent_with(reference)

    def _widget_tokens(self, dedicated: str | None) -> WidgetTokens:
        """Return where the tokens of a widget come from; shared ones have one source for all."""
        refresher, shared = self.refresher(Scope.CUSTOMER), self._shared_tokens
        if dedicated is None and shared is not None and shared.refresher is refresher:
            return shared
        clock = self._context().clock
        tokens = WidgetTokens(refresher, clock, self.config.flow_ttl, dedicated)
        if dedicated is None:
            self._shared_tokens = tokens
        return tokens

    def _widget_call(self, widget: ApplyWidget | PurchaseWidget) -> Call[Widget]:
        config = self.config
        return init_widget(
            widget,
            account_type_place=config.account_type_place,
            local_rules=config.local_rules,
            today=today(self._context().clock) if isinstance(widget, ApplyWidget) else None,
        )

    def _context(self) -> CheckoutContext:
        """Return what checkouts use of the session. Raises SessionClosed."""
        if self._closed:
            raise SessionClosed(_CLOSED)
        return self._checkouts

    async def _bearer(self, scope: Scope) -> tuple[Token, TokenSource]:
        """Return a token of a scope, and where the tokens of repeats come from."""
        refresher = self.refresher(scope)
        return await refresher.token(), refresher

    def _opened_journal(self) -> Journal:
        """Return the journal, opened with the first operation."""
        if self._closed:
            raise SessionClosed(_CLOSED)
        if self._journal is None:
            config = self._config
            own = config.journal is not None
            with naming_source(self._journal_source, store="journal"):
                store = open_store(config.journal) if config.journal is not None else self.store
                journal = journal_store(store)
            self._journal = Journal(
                SealedJournal(journal, timeout=config.store_timeout, keys=config.token_keys),
                self._clock,
                ttl=config.journal_ttl,
                named=own,
                loopback=is_loopback(urlsplit(config.api_url).hostname or ""),
                source_of=self._journal_source,
            )
            if isinstance(config.journal, Secret):
                self._journal_store = store
        return self._journal

    def _journal_source(self, option: str) -> str | None:
        """Return where an option was set; the journal is in the store by default."""
        source = self._config.source_of(option)
        return self._config.source_of("store") if source is None else source

    def refresher(self, scope: Scope | ScopeWord) -> TokenRefresher:
        """
        Return the refresher of a scope's tokens.

        Raises:
            ValidationError: The scope is unknown.
        """
        if type(scope) is not Scope:
            scope = word(Scope, "scope", scope)
        refresher = self._refreshers.get(scope)
        if refresher is None:
            refresher = self._refreshers.setdefault(scope, self._new_refresher(scope))
        if self._closed:
            raise SessionClosed(_CLOSED)
        return refresher

    def _new_refresher(self, scope: Scope) -> TokenRefresher:
        config = self._config
        key = TokenKey.of(config, scope)
        harmless = config.refresh_revokes_access is RefreshRevokesAccess.NO
        context = RefreshContext(
            key=key,
            record=RecordStore(
                key.store_key,
                self._sealed,
                self._clock,
                token_timeout=config.token_timeout,
            ),
            request_token=self._endpoint.request_token,
            refresh_tokens=RefreshTokens(),
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
        # Two sessions that name one store by its URL meet in it, too.
        store = hash(config.store) if isinstance(config.store, Secret) else id(self._store)
        return TokenRefresher(context, store=store)


class _View(FlexitiSession):
    """
    A session with other options for its calls: it has nothing of its own but its client.

    Args:
        session: The session, or a view of it.
        client: Makes the calls.
        operations: The session's, made with that client.
        cache: The session's cache of form values and terms.
        context: Returns what checkouts of the session use.
    """

    def __init__(
        self,
        session: FlexitiSession,
        client: ApiClient,
        operations: Operations,
        cache: ReferenceCache,
        context: Callable[[], CheckoutContext],
    ) -> None:
        self._session: Final = session
        self._client = client
        self._reference_cache = cache
        self._context_of_session = context
        self._shared_tokens = None
        self._add_groups(operations, session.config)

    @property
    def config(self) -> FlexitiConfig:
        return self._session.config

    @property
    def http(self) -> HttpEngine:
        return self._session.http

    @property
    def events(self) -> Listeners:
        return self._session.events

    @property
    def store(self) -> TokenStore:
        return self._session.store

    def reload(self, config: FlexitiConfig) -> None:
        self._session.reload(config)

    def refresher(self, scope: Scope | ScopeWord) -> TokenRefresher:
        return self._session.refresher(scope)

    def _context(self) -> CheckoutContext:
        context = self._context_of_session()
        return evolve(context, client=self._client, operations=self.operations)

    async def __aenter__(self) -> Self:
        raise _not_its_own()

    async def aclose(self) -> None:
        raise _not_its_own()


def _not_its_own() -> ConfigError:
    return ConfigError(
        "with_options() returns another view of a session that is open: enter and close the "
        "session itself"
    )


def _checked_options(
    timeout: object, retries: object, on_answer: object
) -> tuple[float | None, int | None, Listeners | None]:
    """Check the options of `FlexitiSession.with_options`."""
    given = {
        "timeout": None if timeout is None else seconds(cast("float", timeout)),
        "retries": None if retries is None else count(retries, 0),
    }
    for option, value in given.items():
        if isinstance(value, Invalid):
            msg = f"{option}: must be {value.rule}"
            raise ConfigError(msg, option=option)
    answers = None
    if on_answer is not None:
        answers = Listeners([cast("Listener", on_answer)], option="on_answer")
    return given["timeout"], given["retries"], answers


def _check_parts(config: object, clock: object) -> None:
    """Check what callers without a type checker may have got wrong. Raises ConfigError."""
    if not isinstance(config, FlexitiConfig):
        msg = f"config must be a FlexitiConfig, not {type(config).__name__}"
        del config
        raise ConfigError(msg, option="config")
    if not all(callable(getattr(clock, name, None)) for name in ("wall", "boot")):
        msg = f"clock must have the methods wall() and boot(), not be {type(clock).__name__}"
        raise ConfigError(msg, option="clock")
