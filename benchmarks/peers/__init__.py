"""
The peers: each in one file, written as its own documentation would have it.

An adapter uses its peer as it comes, and nothing that its users would not: no private switch, no
shortcut around what it does for them. (httpx 0.28 becomes slower, not faster, when its pool keeps
more than the 20 connections of its default.)
"""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol, cast

from benchmarks.harness.target import Target

__all__ = ["BASELINE", "CALLERS", "HOLDERS", "OURS", "WHAT", "Caller", "Holder", "open_peer"]

OURS: Final = "flexiti_async"
BASELINE: Final = "hand_written"


class Holder(Protocol):
    """Somebody who holds a token and sees to its successor."""

    async def open(self, target: Target) -> None:
        """Get ready, in the running event loop."""
        ...

    async def token(self) -> str:
        """Get the access token, out of memory if it is good."""
        ...

    def expire(self) -> None:
        """Let the life of the token in hand be over, as far as its holder knows."""
        ...

    def age(self) -> None:
        """Let it be about to end: still good, and where the peer renews it."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...


class Caller(Holder, Protocol):
    """Somebody who can also make the call."""

    async def init_widget(self) -> str:
        """Call widget/init with a token and a new reference id; give the `redirection_url`."""
        ...


WHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "flexiti_async": "flexiti-async",
        "flexiti_flow": "flexiti-async, min_ttl",
        "hand_written": "aiohttp, by hand",
        "limit": "bytes on a protocol (the limit)",
        "authlib_httpx": "authlib + httpx 0.28",
        "authlib_httpx2": "authlib + httpx2",
        "httpx_auth": "httpx + httpx-auth",
        "aiohttp_oauth2": "aiohttp-oauth2-client",
        "gcloud": "gcloud-aio-auth",
        "google": "google-auth (aio adapter)",
        "botocore": "aiobotocore",
        "azure": "azure-core",
    }
)
"""The peers by the name of their module, as tables call them."""

CALLERS: Final = (
    *("flexiti_async", "hand_written", "limit", "authlib_httpx", "authlib_httpx2"),
    *("httpx_auth", "aiohttp_oauth2"),
)
"""Those that make a whole call."""

HOLDERS: Final = (
    *("flexiti_async", "flexiti_flow", "authlib_httpx", "authlib_httpx2", "httpx_auth"),
    *("aiohttp_oauth2", "gcloud", "google", "botocore", "azure"),
)
"""Those that manage a token."""


def open_peer(name: str) -> Caller:
    """
    Make the adapter of a peer.

    Raises:
        ModuleNotFoundError: The peer is not installed.
    """
    # Not every one makes calls; `CALLERS` knows which.
    return cast("Caller", importlib.import_module(f"benchmarks.peers.{name}").Adapter())
