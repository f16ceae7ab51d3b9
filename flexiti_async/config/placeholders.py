"""
Texts that cannot be credentials: a mask, a text in quotes, a placeholder that nobody has filled.

Each is what a template, a log or an `.env` file leaves behind. Sent to the API it would be an
`invalid_client`, or a merchant's account that is locked.
"""

import re
from typing import Final

__all__ = ["problem_with_credential", "problem_with_url_text"]

_NOT_MASKED: Final = "the secret itself, not a mask: pass the Secret, or use its reveal()"
_IN_QUOTES: Final = "without the quotes around it: they are not part of the value"
_UNFILLED: Final = "the value itself, not a placeholder that a template has left unfilled"

_MASK: Final = re.compile(r"[*•●]{4}")
_MASK_IN_URL: Final = re.compile(r"[*•●]{3}")
_ONLY_MASK: Final = re.compile(r"[*•●.xX_-]{3,}")
_QUOTES: Final = re.compile(r"""(["'`]).*\1|b(["']).*\2|[“”„«].*[“”»]""", re.DOTALL)
_VARIABLE: Final = r"\$\{[^{}]*\}|\$\([^()]*\)|\{\{.*\}\}|<[^<>]+>"
_PLACEHOLDER: Final = re.compile(
    rf"{_VARIABLE}|\$[A-Z][A-Z0-9_]*|%[A-Za-z][A-Za-z0-9_]*%|\{{[A-Za-z_][A-Za-z0-9_.]*\}}|"
    r"\[[A-Za-z][A-Za-z _-]*\]|__[A-Z][A-Z0-9_]*__"
)
_IN_URL: Final = re.compile(_VARIABLE)
_WORDS: Final = re.compile(
    r"none|null|nil|undefined|todo|tbd|fixme|placeholder|redacted|"
    r"(change|replace|fill|insert)[-_ ]?(me|this|in)|"
    r"(your|my|the)[-_ ](flexiti[-_ ])?((client|merchant)[-_ ])?(id|secret|password|username|key)"
    r"([-_ ]here)?",
    re.IGNORECASE,
)


def problem_with_credential(text: str) -> str | None:
    """Return the rule that a client id, secret, password or user name breaks; None if it may be."""
    if _MASK.search(text) or _ONLY_MASK.fullmatch(text):
        return _NOT_MASKED
    if _QUOTES.fullmatch(text):
        return _IN_QUOTES
    if _PLACEHOLDER.fullmatch(text) or _WORDS.fullmatch(text):
        return _UNFILLED
    return None


def problem_with_url_text(text: str) -> str | None:
    """Return the rule that the text of a URL breaks, before it is read as one."""
    if _MASK_IN_URL.search(text):
        return _NOT_MASKED
    if _QUOTES.fullmatch(text):
        return _IN_QUOTES
    return _UNFILLED if _IN_URL.search(text) else None
