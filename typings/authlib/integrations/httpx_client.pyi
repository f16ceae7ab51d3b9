from typing import Any

from httpx2 import AsyncClient

class AsyncOAuth2Client(AsyncClient):
    token: dict[str, Any]
    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_endpoint_auth_method: str | None = None,
        *,
        token: dict[str, Any] | None = None,
        token_endpoint: str,
        grant_type: str,
    ) -> None: ...
    async def ensure_active_token(self, token: dict[str, Any]) -> None: ...
