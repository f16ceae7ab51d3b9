"""
Masks what a request sent, where its answer repeats it.

A pattern recognizes a number or an address, but no name, no opaque token and no answer to a
security question. The request knows them.
"""

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.redact import MASK, mask_text
from flexiti_async.protocol.secret import Secret

__all__ = ["Echoes"]

_WORDS: Final = frozenset(
    {
        "account_type",
        "amount",
        "flow",
        "format",
        "lang",
        "plan_id",
        "sku_data",
        "term",
        "transaction_type",
    }
)
"""Fields that say nothing about a person, and whose words are those of the API's own texts."""
_SHORTEST: Final = 2
_UNMISTAKABLE: Final = 8
"""From this length on, a value is masked within a word, too."""
_MOST_PARTS: Final = 20
_MOST_VALUES: Final = 500
_MOST_SHOWN: Final = 4096


class Echoes:
    """
    Masks the values that one request sent.

    Args:
        call: The call: its body, query, path and headers; None for a token request.
        secrets: The token, or the credentials.
    """

    def __init__(self, call: BaseCall[object] | None, *secrets: Secret | None) -> None:
        values = {secret.reveal() for secret in secrets if secret is not None}
        if call is not None:
            parts = (call.body, call.query, call.path_values, call.headers)
            values.update(value for part in parts for value in _texts(part))
        # An answer may name a part of it: the street without its number.
        values.update(part for value in tuple(values) for part in value.split()[:_MOST_PARTS])
        kept = [value for value in values if len(value.strip()) >= _SHORTEST]
        # The longest first: a name can be a part of an address.
        listed = sorted(kept, key=len, reverse=True)[:_MOST_VALUES]
        self._longest = len(listed[0]) if listed else 0
        self._found = re.compile("|".join(map(_pattern, listed)), re.IGNORECASE) if listed else None

    def mask(self, text: str) -> str:
        """Return a text of the answer without what was sent, and safe in a message."""
        if self._found is None:
            return mask_text(text)
        # What is beyond is not shown; a value that begins before must not be cut.
        head = text[: _MOST_SHOWN + self._longest]
        return mask_text(self._found.sub(MASK, head)[:_MOST_SHOWN])


def _pattern(value: str) -> str:
    escaped = re.escape(value)
    return escaped if len(value) >= _UNMISTAKABLE else rf"(?<![^\W_]){escaped}(?![^\W_])"


def _texts(value: object) -> Iterator[str]:
    """Yield the texts and numbers of a JSON value, but not the words of vocabularies."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value).items()
        for name, item in members:
            if name not in _WORDS:
                yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in cast("Iterable[object]", value):
            yield from _texts(item)
    elif isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, str) and not isinstance(value, enum.Enum):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
