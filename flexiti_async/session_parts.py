"""
What a `FlexitiSession` is made of, beside its connections: calls, tokens, checkouts.

This module, the checkout and the groups are imported with the first session, not with its class.
That is still before there is traffic; and what only names the class, a command of the web framework
or a test run that collects, does not wait for a hundred models of the API.
"""

from typing import Final

from attrs import frozen

from flexiti_async.checkout.base import Checkout
from flexiti_async.checkout.desk import Desk, Refreshers
from flexiti_async.checkout.saved import CheckoutRecords
from flexiti_async.clock import Clock
from flexiti_async.config.model import FlexitiConfig, OnStoreFailure, RefreshRevokesAccess
from flexiti_async.events.listeners import Listeners
from flexiti_async.events.log import log_event
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.token import Scope
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
from flexiti_async.store.sealed import Vault
from flexiti_async.tokens.context import RefreshContext, TokenOptions
from flexiti_async.tokens.endpoint import TokenEndpoint
from flexiti_async.tokens.record import TokenKey
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import PROCESS
from flexiti_async.tokens.refresher import TokenRefresher
from flexiti_async.transport.client import ApiClient
from flexiti_async.transport.pool import Transport

__all__ = [
    "Accounts",
    "Applications",
    "Authorizations",
    "Checkout",
    "Customers",
    "Opened",
    "Parts",
    "Reference",
    "Transactions",
    "log_event",
]


@frozen
class Opened:
    """
    What a session has from its opening to its closing.

    Attributes:
        store: The token store.
        vault: What is kept in it.
        desk: For the checkouts.
    """

    store: TokenStore
    vault: Vault
    desk: Desk


class Parts:
    """
    The parts of one session, wired together.

    Args:
        config: What the session is told.
        transport: Its connections.
        events: Its listeners.
        clock: Where the time comes from.

    Attributes:
        client: Makes the calls.
        reference_cache: Keeps form values and terms.
    """

    def __init__(
        self, config: FlexitiConfig, transport: Transport, events: Listeners, clock: Clock
    ) -> None:
        builder = RequestBuilder(config.api_url, config.client_id, versions=config.api_versions)
        self._config = config
        self._events = events
        self._clock = clock
        self._endpoint = TokenEndpoint(config, builder, transport, clock, events)
        self.client: Final = ApiClient(
            builder,
            transport,
            retries=config.retries,
            timeout=config.call_timeout or 2 * config.request_timeout,
            clock=clock,
            events=events,
        )
        self.reference_cache: Final = ReferenceCache(
            config.reference_cache,
            place=f"{config.api_url} {config.client_id}",
            ttl=config.reference_ttl,
            clock=clock,
        )

    def open(self, refreshers: Refreshers) -> Opened:
        """Open the store; `refreshers` gives the checkouts the refresher of a scope."""
        config = self._config
        store = open_store(config.store)
        vault = Vault.over(store, timeout=config.store_timeout, keys=config.token_keys)
        desk = Desk(
            client=self.client,
            refreshers=refreshers,
            records=CheckoutRecords(config.api_url, config.client_id, vault),
            config=config,
            clock=self._clock,
        )
        return Opened(store, vault, desk)

    def new_refresher(self, scope: Scope, opened: Opened) -> TokenRefresher:
        """Make the refresher of a scope's tokens."""
        key = TokenKey(self._config.api_url, self._config.client_id, scope)
        context = RefreshContext(
            key=key,
            record=RecordStore(key.store_key, opened.vault, self._clock),
            endpoint=self._endpoint,
            refresh_tokens=PROCESS,
            options=_tuning(self._config),
            clock=self._clock,
            events=self._events,
        )
        return TokenRefresher(context, store_id=id(opened.store))


def _tuning(config: FlexitiConfig) -> TokenOptions:
    return TokenOptions(
        fingerprint=config.fingerprint,
        token_timeout=config.token_timeout,
        refresh_ahead=config.refresh_ahead,
        leeway=config.leeway,
        degrade=config.on_store_failure is OnStoreFailure.DEGRADE,
        refresh_is_harmless=config.refresh_revokes_access is RefreshRevokesAccess.NO,
    )
