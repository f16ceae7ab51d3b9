"""What clients of a benchmark are pointed at, and what all of them send there."""

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
"""The body of widget/init that flexiti-async makes of `PurchaseWidget(account_number=…)`."""


@frozen
class Target:
    """
    A Flexiti to measure against.

    Attributes:
        base_url: API base URL without a trailing slash.
        client_id: Client id.
        client_secret: Client secret.
        connections: Size of every client's connection pool.
        patience: Seconds that our client gives a request, and that it may wait for a connection:
            far more than by default, since a benchmark lets thousands wait. Others have as much.
        store: URL of the token store, for those that have one.
        moving: Whether `expire` and `age` of a client will be used; a clock that can be put
            forward costs a little, so it is not used otherwise.
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
        """Write it down for another process."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, members: Mapping[str, object]) -> Self:
        """Read what `to_json` has written."""
        return cls(**members)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
