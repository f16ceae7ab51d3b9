"""Shows that a secret is present without revealing it."""

import re

__all__ = ["masked", "redacted"]

_LONG_HEX = re.compile(r"([0-9a-fA-F]{4})[0-9a-fA-F]{36,}")
# An account, a card or a phone; a part of a reference id is none.
_LONG_NUMBER = re.compile(r"(?<![0-9a-fA-F])\d{7,16}(?![0-9a-fA-F])")


def masked(secret: str) -> str:
    """Return the first 4 characters of a secret and "…"; only "…" for up to 8 characters."""
    return f"{secret[:4]}…" if len(secret) > 8 else "…"


def redacted(value: object) -> str:
    """Return the repr of a value without what looks like a token (40 hex) or a person's number."""
    return _LONG_NUMBER.sub("…", _LONG_HEX.sub(r"\1…", repr(value)))
