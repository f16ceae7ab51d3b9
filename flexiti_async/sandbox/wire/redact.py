"""Showing that a secret is there without showing it."""

import re

__all__ = ["masked", "redacted"]

_LONG_HEX = re.compile(r"([0-9a-fA-F]{4})[0-9a-fA-F]{36,}")


def masked(secret: str) -> str:
    """Show the first 4 characters of a secret and "…"; nothing of one of 8 or fewer."""
    return f"{secret[:4]}…" if len(secret) > 8 else "…"


def redacted(value: object) -> str:
    """Give the repr of a value with everything masked in it that looks like a token (40 hex)."""
    return _LONG_HEX.sub(r"\1…", repr(value))
