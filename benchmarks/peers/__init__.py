"""
The peers: each in one file, written as its own documentation suggests.

An adapter uses its peer with its defaults, and only as its users would: no private switch, no
shortcut around its features. (httpx 0.28 becomes slower, not faster, when its pool keeps more than
the 20 connections of its default.)
"""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol, cast

from benchmarks.harness.target import Target

__all__ = [
    "BASELINE",
    "CALLERS",
    "HOLDERS",
    "HTTPTOOLS",
    "OURS",
    "WHAT",
    "Caller",
    "Holder",
    "open_peer",
]

OURS: Final = "flexiti_async"
HTTPTOOLS: Final = "flexiti_httptools"
"""Ours, with the other HTTP engine."""
BASELINE: Final = "hand_written"


class Holder(Protocol):
    """Holds a token and refreshes it."""

    async def open(self, target: Target) -> None:
        """Open the peer, in the running event loop."""
        ...

    async def token(self) -> str:
        """Return the access token, the cached one if it is fresh."""
        ...

    def expire(self) -> None:
        """Make the cached token look expired to its holder."""
        ...

    def age(self) -> None:
        """Make the cached token look stale: valid, and due for a refresh by the peer's own rule."""
        ...

    async def aclose(self) -> None:
        """Close the peer."""
        ...


class Caller(Holder, Protocol):
    """Can also call widget/init."""

    async def init_widget(self) -> str:
        """Call widget/init with a token and a new reference id; return the `redirection_url`."""
        ...


WHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "flexiti_async": "flexiti-async",
        "flexiti_httptools": "flexiti-async, httptools",
        "flexiti_flow": "flexiti-async, min_ttl",
        "hand_written": "aiohttp, by hand",
        "expert": "aiohttp, by an expert",
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
"""Names of the peers in tables, by module."""

CALLERS: Final = (
    *("flexiti_async", "flexiti_httptools", "hand_written", "expert", "limit", "authlib_httpx"),
    *("authlib_httpx2", "httpx_auth", "aiohttp_oauth2"),
)
"""Peers that make a whole call."""

HOLDERS: Final = (
    *("flexiti_async", "flexiti_flow", "authlib_httpx", "authlib_httpx2", "httpx_auth"),
    *("aiohttp_oauth2", "gcloud", "google", "botocore", "azure"),
)
"""Peers that manage a token."""


def open_peer(name: str) -> Caller:
    """
    Return the adapter of a peer.

    Raises:
        ModuleNotFoundError: The peer is not installed.
    """
    # Not every adapter makes calls; `CALLERS` lists those that do.
    return cast("Caller", importlib.import_module(f"benchmarks.peers.{name}").Adapter())
