"""authlib's `AsyncOAuth2Client`, on httpx 0.28: what it takes where there is no httpx2."""

import sys
import warnings

# Nobody else is in this process: to authlib, httpx2 is not installed.
sys.modules["httpx2"] = None  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
with warnings.catch_warnings(record=True):  # authlib would rather have httpx2
    from benchmarks.peers.authlib_httpx2 import Adapter

__all__ = ["Adapter"]
