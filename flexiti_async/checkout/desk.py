"""What a session lends to its checkouts."""

from typing import Protocol

from attrs import frozen

from flexiti_async.checkout.saved import CheckoutRecords
from flexiti_async.clock import Clock
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.protocol.token import Scope
from flexiti_async.tokens.refresher import TokenRefresher
from flexiti_async.transport.client import ApiClient

__all__ = ["Desk", "Refreshers"]


class Refreshers(Protocol):
    """Gives the refresher of a scope's tokens, as `FlexitiSession.refresher` does."""

    def __call__(self, scope: Scope) -> TokenRefresher:
        """Give it."""
        ...


@frozen
class Desk:
    """What a session lends to its checkouts."""

    client: ApiClient
    refreshers: Refreshers
    records: CheckoutRecords
    config: FlexitiConfig
    clock: Clock
