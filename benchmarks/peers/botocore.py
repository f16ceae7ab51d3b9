"""aiobotocore's refreshable credentials, with a token request of ours in them."""

import datetime

import aiohttp
from aiobotocore.credentials import AioRefreshableCredentials

from benchmarks.harness.target import Target
from benchmarks.peers._token_request import request_token

__all__ = ["Adapter"]

# With its defaults of 15 and 10 minutes, a token of 20 minutes would hardly ever be fresh.
_ADVISORY = 120
_MANDATORY = 30


def _after(seconds: float) -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - a benchmark lives in real time
    return now + datetime.timedelta(seconds=seconds)


class Adapter:
    """`get_frozen_credentials()`."""

    async def open(self, target: Target) -> None:
        """Create the credentials, expired from the start."""
        self._target = target
        self._session = aiohttp.ClientSession()
        self._credentials = AioRefreshableCredentials(
            *("key", "secret", "", _after(-1), self._refresh, "bench"),
            advisory_timeout=_ADVISORY,
            mandatory_timeout=_MANDATORY,
        )

    async def token(self) -> str:
        """Return the token of the credentials."""
        return (await self._credentials.get_frozen_credentials()).token

    def expire(self) -> None:
        """Set its expiry to the past."""
        self._credentials._expiry_time = _after(-1)  # noqa: SLF001 - no public way

    def age(self) -> None:
        """Set its expiry into the advisory window."""
        self._credentials._expiry_time = _after(75)  # noqa: SLF001 - no public way

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()

    async def _refresh(self) -> dict[str, str]:
        grant = await request_token(self._session, self._target)
        return {
            "access_key": "key",
            "secret_key": "secret",
            "token": grant.access_token,
            "expiry_time": _after(grant.expires_in).isoformat(),
        }
