"""Masks for values in messages, logs and reprs."""

import re
from typing import Final

__all__ = ["mask", "mask_text", "mask_url", "printable", "quoted_name"]

MASK: Final = "****"

SHOWN_AT_MOST: Final = 3
_LONG_TEXT: Final = 200
_READ_AT_MOST: Final = 10 * _LONG_TEXT
_HALVED: Final = 65
"""Longer than any half of a masked pattern that a cut can leave unrecognised."""
# Controls, line and paragraph separators, direction marks, lone surrogates.
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)
# Tokens (32 hex digits or more), e-mail addresses, numbers of seven digits or more (phone,
# account, card) and dates. Server texts can echo any of them (spec section 6.1).
_SENSITIVE: Final = re.compile(
    r"[0-9a-fA-F]{32,}|[^\s@<>\"']+@[^\s@<>\"']+|\d(?:[\s().-]?\d){6,}|\d{4}-\d{2}-\d{2}"
)
_NAME: Final = re.compile(r"[A-Za-z]{1,20}(_[A-Za-z]{1,20}){0,5}\d?", re.ASCII)
_ORIGIN: Final = re.compile(r"https?://[^/?#@\\]*(?=[/?#]|$)", re.IGNORECASE)
_WIDGET_URL: Final = re.compile(
    r"(?P<front>https?://[^/?#@\\]+(/[a-z-]{1,20}){0,3}/?#/widget/[^/?#]{1,100})/[^?#]+(?P<query>(\?.*)?)",
    re.IGNORECASE | re.DOTALL,
)
_SHOWN_PARAMETERS: Final = ("lang", "x-reference-id")
_PARAMETER: Final = re.compile(r"[\w-]{0,40}", re.ASCII)


def mask(value: object) -> str:
    """
    Describe an invalid value by kind and size, never by content: `12 characters`.

    An invalid value is often a valid one in the wrong field (a card number as the account number),
    so not even its first or last characters are shown.
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _counted(len(value), "character")
    if isinstance(value, int):
        if value.bit_length() > 1000:  # Python does not format very long ones
            return "number of more than 300 digits"
        return f"number of {_counted(len(str(abs(value))), 'digit')}"
    return type(value).__name__


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def quoted_name(name: str) -> str:
    """
    Return the quoted name of an unknown option or field, after a blank, if it looks like a name.

    Anything else may be a secret that went into the wrong place: a key in a TOML file, a parameter
    of a URL, a field of a form.
    """
    return f" {name!r}" if _NAME.fullmatch(name) else ""


def mask_text(text: str) -> str:
    """Return a foreign text that is safe in a message: printable, short, sensitive parts masked."""
    # Masked before it is cut: half of a number would not be recognised. The first cut is for speed
    # only, so anything it may have halved is dropped, however short the masks make the rest.
    shown = _SENSITIVE.sub(MASK, printable(text, _READ_AT_MOST))
    return printable(shown if len(text) <= _READ_AT_MOST else f"{shown[:-_HALVED]}…")


def printable(text: str, limit: int = _LONG_TEXT) -> str:
    """Shorten a text and replace characters that could forge a log line or control a terminal."""
    clean = _UNPRINTABLE.sub("?", text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"


def mask_url(url: str) -> str:
    """
    Return a redirection URL with its token and its widget session masked.

    The token is a part of the fragment's path (spec section 4.4). Of a URL of another shape only
    the origin is shown: a token may be anywhere in it.
    """
    found = _WIDGET_URL.fullmatch(url)
    if found is None:
        origin = _ORIGIN.match(url)
        return f"{origin[0]}/{MASK}" if origin else MASK
    front, query = found["front"], found["query"]
    shown = "&".join(map(_masked_parameter, query[1:].split("&"))) if query else ""
    return f"{front}/{MASK}{query[:1]}{shown}"


def _masked_parameter(text: str) -> str:
    name, equals, value = text.partition("=")
    if name in _SHOWN_PARAMETERS and _PARAMETER.fullmatch(value):
        return text
    return f"{name}{equals}{MASK}" if _PARAMETER.fullmatch(name) else MASK
