"""What of a value may be shown: masks for messages, logs and reprs."""

import re
from typing import Final

__all__ = ["mask", "mask_text", "mask_url", "printable"]

SHOWN_AT_MOST: Final = 3
_LONG_TEXT: Final = 200
_READ_AT_MOST: Final = 10 * _LONG_TEXT
_HALVED: Final = 65
"""Longer than what is left of anything telling that a cut goes through, if it tells nothing."""
# Controls, line and paragraph separators, marks that turn the direction, lone surrogates.
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)
# Whatever looks like a token (32 hex digits or more), an e-mail address, or a number of seven
# digits or more (phone, account, card). Server texts can echo any of them (spec section 6.1).
_TELLING: Final = re.compile(
    r"[0-9a-fA-F]{32,}|[^\s@<>\"']+@[^\s@<>\"']+|\d(?:[\s().-]?\d){6,}|\d{4}-\d{2}-\d{2}"
)
_TOKEN_IN_FRAGMENT: Final = re.compile(r"(#/widget/[^/?#]*/)[^?#]+")


def mask(value: object) -> str:
    """
    Show the kind and size of a refused value, never the value: `str of 12 characters`.

    A value that was refused is often a good one in the wrong place (a card number in the account
    field), so not even its ends are shown.
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"{len(value)} characters"
    if isinstance(value, int):
        if value.bit_length() > 1000:  # Python refuses to write out very long ones
            return "number of more than 300 digits"
        return f"number of {len(str(abs(value)))} digits"
    return type(value).__name__


def mask_text(text: str) -> str:
    """Make a text of somebody else's fit for a message: printable, short, nothing telling in it."""
    # Masked before it is cut: half of a number at the cut would not look like one. The first cut is
    # for speed only, so what it may have halved goes, however short the masks have made the rest.
    shown = _TELLING.sub("****", printable(text, _READ_AT_MOST))
    return printable(shown if len(text) <= _READ_AT_MOST else f"{shown[:-_HALVED]}…")


def printable(text: str, limit: int = _LONG_TEXT) -> str:
    """Cut a text and replace what could forge a log line or steer a terminal."""
    clean = _UNPRINTABLE.sub("?", text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"


def mask_url(url: str) -> str:
    """
    Show a redirection URL without its token.

    The token is a part of the fragment's path (spec section 4.4). Of any other URL only what
    stands in front of the fragment and the query is shown.
    """
    front = re.split(r"[?#]", url, maxsplit=1)[0]
    found = _TOKEN_IN_FRAGMENT.match(url, len(front))
    return f"{front}{found[1]}****{url[found.end() :]}" if found else front
