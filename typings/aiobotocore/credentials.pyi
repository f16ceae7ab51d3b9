from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

class ReadOnlyCredentials(NamedTuple):
    access_key: str
    secret_key: str
    token: str

class AioRefreshableCredentials:
    _expiry_time: datetime
    def __init__(
        self,
        access_key: str,
        secret_key: str,
        token: str,
        expiry_time: datetime,
        refresh_using: Callable[[], Awaitable[dict[str, str]]],
        method: str,
        *,
        advisory_timeout: int,
        mandatory_timeout: int,
    ) -> None: ...
    async def get_frozen_credentials(self) -> ReadOnlyCredentials: ...
