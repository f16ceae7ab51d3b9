"""The target of a benchmark's clients, and the body that all of them send."""

from collections.abc import Mapping
from typing import Final, Self

import attrs
from attrs import field, frozen

__all__ = ["ACCOUNT_NUMBER", "BODY", "Target"]

ACCOUNT_NUMBER: Final = 20009100
BODY: Final[Mapping[str, object]] = {
    "customer_identification": {"account_number": ACCOUNT_NUMBER},
    "flow": "purchase",
    "lang": "en",
}
"""The body of widget/init that flexiti-async encodes for `PurchaseWidget(account_number=…)`."""


@frozen
class Target:
    """
    A server to measure against.

    Attributes:
        base_url: API base URL without a trailing slash.
        client_id: Client id.
        client_secret: Client secret.
        connections: Size of every client's connection pool.
        patience: Time-outs of our client for requests and connections, seconds: far longer than
            the defaults, since a benchmark lets thousands wait. The peers' are as long.
        store: URL of the token store, for clients that have one.
        moving: Whether `expire` and `age` of a client will be used; a clock that can be advanced
            costs a little, so it is not used otherwise.
    """

    base_url: str
    client_id: str = "bench"
    client_secret: str = field(default="bench-secret", repr=False)
    connections: int = 100
    patience: float = 120.0
    store: str = "memory://"
    moving: bool = False

    @property
    def token_url(self) -> str:
        """URL of the token endpoint."""
        return f"{self.base_url}/v2.5/oauth/token"

    @property
    def widget_url(self) -> str:
        """URL of widget/init."""
        return f"{self.base_url}/v2.5/client-id/{self.client_id}/widget/init"

    def to_json(self) -> dict[str, object]:
        """Return it as JSON, for another process."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, members: Mapping[str, object]) -> Self:
        """Read what `to_json` returned."""
        return cls(**members)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
