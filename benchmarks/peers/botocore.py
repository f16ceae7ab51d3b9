"""aiobotocore's refreshable credentials, with a token request of ours in them."""

import datetime

import aiohttp
from aiobotocore.credentials import AioRefreshableCredentials

from benchmarks.harness.target import Target
from benchmarks.peers._token_request import request_token

__all__ = ["Adapter"]

# Its own 15 and 10 minutes would leave a token of 20 minutes no time to be fresh.
_ADVISORY = 120
_MANDATORY = 30


def _after(seconds: float) -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - a benchmark lives in real time
    return now + datetime.timedelta(seconds=seconds)


class Adapter:
    """`get_frozen_credentials()`."""

    async def open(self, target: Target) -> None:
        """Make the credentials, over from the start."""
        self._target = target
        self._session = aiohttp.ClientSession()
        self._credentials = AioRefreshableCredentials(
            *("key", "secret", "", _after(-1), self._refresh, "bench"),
            advisory_timeout=_ADVISORY,
            mandatory_timeout=_MANDATORY,
        )

    async def token(self) -> str:
        """Get the credentials, the token being one of them."""
        return (await self._credentials.get_frozen_credentials()).token

    def expire(self) -> None:
        """Set its end to the past."""
        self._credentials._expiry_time = _after(-1)  # noqa: SLF001 - the only way

    def age(self) -> None:
        """Set its end into the advisory window."""
        self._credentials._expiry_time = _after(75)  # noqa: SLF001 - the only way

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
