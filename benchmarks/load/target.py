"""The target of a load test: a sandbox in a process of its own, or a test environment."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from attrs import field, frozen

from benchmarks.harness.children import Child, Details

__all__ = ["SANDBOX", "LoadTarget", "load_target"]

SANDBOX: Final = "sandbox"


@frozen
class LoadTarget:
    """
    The target, and how to control it if it is a sandbox.

    Attributes:
        options: Options of a session.
        control_url: URL of the sandbox's control endpoint; empty without a sandbox.
        control_token: Its secret.
    """

    options: Details
    control_url: str = ""
    control_token: str = field(default="", repr=False)

    async def control(self, method: str, path: str, body: object = None) -> Details:
        """Send a request to the sandbox's control endpoint."""
        headers = {"authorization": f"Bearer {self.control_token}"}
        async with (
            aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
            session.request(method, f"{self.control_url}/{path}", json=body) as answer,
        ):
            state: Details = await answer.json()
            return state

    async def token_requests(self) -> int | None:
        """Return the number of token requests that came; None without a sandbox."""
        if not self.control_url:
            return None
        state = await self.control("GET", "state")
        counts: dict[str, int] = state["requests"]["oauth/token"]
        return sum(counts.values())


@asynccontextmanager
async def load_target(
    target: str, *, expires_in: int, token_latency: float
) -> AsyncGenerator[LoadTarget]:
    """
    Yield the target of a load test; a sandbox is started first.

    Args:
        target: `SANDBOX`, or an API base URL.
        expires_in: Life of the sandbox's tokens in seconds.
        token_latency: Seconds that its token endpoint takes.
    """
    if target != SANDBOX:
        yield LoadTarget({"base_url": target})
        return
    arguments = str(expires_in), str(token_latency)
    async with await Child.start("load.sandbox", *arguments) as child:
        ready = child.ready
        yield LoadTarget(ready["options"], ready["control_url"], ready["control_token"])
