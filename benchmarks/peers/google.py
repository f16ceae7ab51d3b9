"""google-auth's adapter from synchronous credentials to asyncio: it refreshes in a thread."""

import datetime

from google.auth.aio.transport.sessions import (
    _SyncCredentialsAdapter,  # pyright: ignore[reportPrivateUsage] - no public way to it alone
)
from google.auth.credentials import Credentials

from benchmarks.harness.target import Target
from benchmarks.peers._token_request import request_token_in_thread

__all__ = ["Adapter"]


class _Credentials(Credentials):
    """Credentials from the target."""

    def __init__(self, target: Target) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._target = target

    def refresh(self, request: object) -> None:  # noqa: ARG002 - its own transport is not needed
        """Request a new token."""
        grant = request_token_in_thread(self._target)
        self.token = grant.access_token
        self.expiry = _after(grant.expires_in)


def _after(seconds: float) -> datetime.datetime:
    # google-auth compares naive times in UTC.
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - a benchmark lives in real time
    return now.replace(tzinfo=None) + datetime.timedelta(seconds=seconds)


class Adapter:
    """`before_request()`, as the session calls it."""

    async def open(self, target: Target) -> None:
        """Create the credentials."""
        self._url = target.widget_url
        self._credentials = _Credentials(target)
        self._adapter = _SyncCredentialsAdapter(self._credentials)

    async def token(self) -> str:
        """Return the token of a request that it signed."""
        headers: dict[str, str] = {}
        sign = self._adapter.before_request  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        await sign(None, "POST", self._url, headers)
        return headers["authorization"].removeprefix("Bearer ")

    def expire(self) -> None:
        """Set its expiry to the past."""
        self._credentials.expiry = _after(-3600)

    def age(self) -> None:
        """Set its expiry into the threshold of 3:45 minutes."""
        self._credentials.expiry = _after(120)

    async def aclose(self) -> None:
        """Close the adapter."""
        self._adapter.close()  # type: ignore[no-untyped-call]
