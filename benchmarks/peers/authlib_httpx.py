"""authlib's `AsyncOAuth2Client` on httpx 0.28, which it uses if httpx2 is missing."""

import sys
import warnings

# This process is for this peer alone: to authlib, httpx2 is not installed.
sys.modules["httpx2"] = None  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
with warnings.catch_warnings(record=True):  # authlib prefers httpx2
    from benchmarks.peers.authlib_httpx2 import Adapter

__all__ = ["Adapter"]
