"""The answer of widget/init: the URL to send the customer to (spec section 4.4)."""

import re
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import parse_qs

from attrs import evolve, field, frozen

from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.redact import mask_url, printable
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import no_extra, wire_name
from flexiti_async.protocol.validators import is_visible_ascii

__all__ = ["Widget"]

_START: Final = re.compile(r"(?i:https?)://[^/?#]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LONGEST: Final = 8192
"""Characters of a URL; the longest access token has 4,096."""


def _check_url(_: object, __: object, value: Secret) -> None:
    # The customer's browser goes there, so it must be a web address. A URL is visible ASCII
    # (RFC 3986), and a browser could read anything else differently.
    url = value.reveal()[: _LONGEST + 1]  # a check of megabytes would block the loop
    if len(url) > _LONGEST or not is_visible_ascii(url) or not _START.match(url):
        problem = _url_problem(url)
        del value, url
        raise UnfitError(f"redirection_url {problem}")


def _url_problem(url: str) -> str:
    """Return what is wrong with a URL, without a part of it."""
    if not url:
        return "is empty"
    if len(url) > _LONGEST:
        return f"has more than {_LONGEST:,} characters"
    if not is_visible_ascii(url):
        what = "blanks or control characters" if url.isascii() else "characters beyond ASCII"
        return f"has {what} in it"
    scheme, colon, _ = url.partition("://")
    if not colon or not _SCHEME.fullmatch(scheme):
        return "has no scheme: it must begin with https:// or http://"
    if scheme.lower() not in {"http", "https"}:
        return "has another scheme than https and http"
    return "has no host"


@frozen(slots=False)
class Widget(AnswerModel):
    """
    The answer of widget/init: the URL to redirect the customer to.

    The URL contains the access token (spec section 4.4): it is for this customer's browser only,
    not for a log or a database. It is not in the repr, and a Widget cannot be pickled.

    Attributes:
        url: The URL as a Secret; `redirection_url` reveals it.
        extra: Fields of the answer that this release does not know.
        sent_reference_id: The `x-reference-id` of the call, if the URL has none.
    """

    url: Secret = field(
        repr=False,
        metadata=wire_name("redirection_url"),
        validator=_check_url,
    )
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    sent_reference_id: str | None = field(default=None, repr=False, metadata=wire_name(None))

    def sent_with(self, reference_id: str) -> Self:
        """Add the `x-reference-id` of the call, for answers that do not repeat it."""
        if "x-reference-id=" in self.url.reveal():
            return self
        return evolve(self, sent_reference_id=reference_id)

    @property
    def redirection_url(self) -> str:
        """The URL to redirect this customer to."""
        return self.url.reveal()

    @property
    def masked_url(self) -> str:
        """The URL with its token and its widget session masked, for people."""
        return mask_url(self.url.reveal())

    @property
    def session_id(self) -> str | None:
        """
        `widget_session_id`, which authorization and apply require; old answers have none.

        A shared token's flow is safe from other customers as long as they do not know it, so it is
        in no repr.
        """
        return self._parameter("widget_session_id")

    @property
    def reference_id(self) -> str | None:
        """`x-reference-id` of the flow: the URL's, or the one sent if the URL has none."""
        return self._parameter("x-reference-id") or self.sent_reference_id

    @property
    def language(self) -> str | None:
        """`lang` of the URL; None if it has none."""
        return self._parameter("lang")

    def _parameter(self, name: str) -> str | None:
        # The query is inside the fragment, where no URL parser finds it (spec 4.4).
        _, _, fragment = self.url.reveal().partition("#")
        _, _, query = fragment.partition("?")
        values = parse_qs(query).get(name) if query else None
        return values[0] if values else None

    def __repr__(self) -> str:
        return (
            f"Widget(reference_id={_shown(self.reference_id)!r}, "
            f"language={_shown(self.language)!r})"
        )


def _shown(parameter: str | None) -> str | None:
    return None if parameter is None else printable(parameter)
