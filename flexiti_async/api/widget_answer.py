"""The answer of widget/init: the URL to send the customer to (spec section 4.4)."""

import re
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import parse_qs

from attrs import evolve, field, frozen

from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.redact import mask_url, printable
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import no_extra, wire_name

__all__ = ["Widget"]

_WEB_ADDRESS: Final = re.compile(r"(?i:https?)://[^\s/?#][^\s\x00-\x1f\x7f]*")
_ITS_START: Final = re.compile(r"(?i:https?)://[^/?#]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LONGEST: Final = 8192
_VISIBLE: Final = bytes(range(0x21, 0x7F))


@frozen(slots=False)
class Widget:
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
        validator=lambda _, __, value: _check_url(value),
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


def _check_url(value: Secret) -> None:
    # The customer's browser goes there, so it must be a web address.
    url = value.reveal()[: _LONGEST + 1]  # a check of megabytes would block the loop
    # Nearly every URL is visible ASCII, which is checked at a quarter of the cost.
    if url.isascii() and not url.encode().translate(None, _VISIBLE):
        good = _ITS_START.match(url)
    else:
        good = _WEB_ADDRESS.fullmatch(url)
    if good is None or len(url) > _LONGEST:
        problem = _url_problem(url)
        del value, url
        raise UnfitError(f"redirection_url {problem}")


def _url_problem(url: str) -> str:
    """Return what is wrong with a URL, without a part of it."""
    if not url:
        return "is empty"
    if len(url) > _LONGEST:
        return f"has more than {_LONGEST:,} characters"
    if url.split() != [url] or not url.isprintable():
        return "has blanks or control characters in it"
    scheme, colon, rest = url.partition("://")
    if not colon or not _SCHEME.fullmatch(scheme):
        return "has no scheme: it must begin with https:// or http://"
    if scheme.lower() not in {"http", "https"}:
        return "has another scheme than https and http"
    return "has no host" if not rest or rest[0] in "/?#" else "is not a web address"
