"""`RequestBuilder`: builds an HTTP request from a call and a token. Pure."""

from collections.abc import Mapping
from typing import Final

from attrs import define, field
from multidict import istr
from yarl import URL

from flexiti_async._version import __version__
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.oauth import ENDPOINT as TOKEN_ENDPOINT
from flexiti_async.protocol.oauth import basic_authorization, grant_form
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validators import INVALID

__all__ = ["HttpRequest", "RequestBuilder"]


@define
class HttpRequest:
    """
    A request ready to send.

    Attributes:
        endpoint: The endpoint's name, for messages.
        method: HTTP method.
        url: The full URL.
        headers: Header names and values, the bearer token among them.
        body: Encoded body, None for no body.
        reference_id: The `x-reference-id` among the headers, for messages.
        private: It carries the client secret, so the shop's middleware must not see it.
    """

    endpoint: str
    method: str
    url: URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    reference_id: str
    private: bool = False

    def forget(self) -> None:
        """
        Drop everything but what messages need.

        For a request that a cancellation ends: the frames of its traceback, in several modules,
        hold this request.
        """
        self.url, self.headers, self.body = self.url.origin(), {}, None


# As `istr`, names are folded for comparison once, not for every request.
_AUTHORIZATION: Final = istr("authorization")
_REFERENCE_ID: Final = istr("x-reference-id")
_CONTENT_TYPE: Final = istr("content-type")
_COMMON_HEADERS: Final[Mapping[str, str]] = {
    istr("user-agent"): f"flexiti-async/{__version__}",
    # Answers are small and hold a token beside texts that a customer may choose: compressed
    # together, their length would reveal the token (BREACH).
    istr("accept-encoding"): "identity",
}
_JSON_HEADERS: Final[Mapping[str, str]] = {**_COMMON_HEADERS, _CONTENT_TYPE: "application/json"}
_PATH: Final = (
    "path and query must be texts that a URL can hold, with a value for each name in the path, "
    "and no empty or dot segment"
)
_OAUTH_VERSION: Final = "v2.5"


class RequestBuilder:
    """
    Builds requests for one API base URL and one client id.

    URLs without path parameters are built once, so most calls cost no URL parsing.

    Args:
        base_url: API base URL without a trailing slash.
        client_id: Fills `{client_id}` in paths; sent in the token form.
        versions: API versions by endpoint name; they replace the documented ones, except in calls
            with a `fixed_version`.
        basic_auth: Token requests carry client id and secret as HTTP Basic, not in the form.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        *,
        versions: Mapping[str, str] | None = None,
        basic_auth: bool = False,
    ) -> None:
        self._base_url = base_url
        self._client_id = client_id
        self._basic_auth = basic_auth
        self._versions = dict(versions or {})
        self._urls: dict[tuple[str, str], URL] = {}
        self._bearer: tuple[Secret | None, str] = (None, "")
        token_version = self._versions.get(TOKEN_ENDPOINT, _OAUTH_VERSION)
        self._token_url = URL(f"{base_url}/{token_version}/{TOKEN_ENDPOINT}")

    def call(self, call: BaseCall[object], access_token: Secret, reference_id: str) -> HttpRequest:
        """Build the request of an API call."""
        bearer, authorization = self._bearer
        if bearer is not access_token:  # once per token: hundreds of checkouts share it
            authorization = f"Bearer {access_token.reveal()}"
            self._bearer = access_token, authorization
        headers = {
            **(_COMMON_HEADERS if call.body is None else _JSON_HEADERS),
            _AUTHORIZATION: authorization,
            _REFERENCE_ID: reference_id,
        }
        if call.headers:
            headers = {**call.headers, **headers}
        body = None if call.body is None else encode(call.body)
        return HttpRequest(call.endpoint, call.method, self._url(call), headers, body, reference_id)

    def problem(self, call: BaseCall[object]) -> FieldError | None:
        """
        Return what keeps a call from being built as a request; None if nothing does.

        A call that was built by hand may hold values of any type. They are returned in no error:
        no traceback holds a frame with them.
        """
        try:
            self._url(call)
        except Exception:  # noqa: BLE001 - of values of any type
            return FieldError("path", INVALID, None, _PATH)
        try:
            encode(call.body)
        except Exception:  # noqa: BLE001 - of values of any type
            return FieldError("body", INVALID, None, "must be JSON: no NaN, no lone surrogates")
        return None

    def grant(
        self,
        client_secret: Secret,
        scope: Scope,
        reference_id: str,
        refresh_token: Secret | None = None,
    ) -> HttpRequest:
        """Build a token request: all parameters are in the form (spec section 2.1)."""
        client, headers = (self._client_id, client_secret), _COMMON_HEADERS
        if self._basic_auth:
            authorization = basic_authorization(*client).reveal()
            headers = {**headers, _AUTHORIZATION: authorization}
        form = grant_form(None if self._basic_auth else client, scope, refresh_token)
        return HttpRequest(
            endpoint=TOKEN_ENDPOINT,
            method="POST",
            url=self._token_url,
            headers={
                _CONTENT_TYPE: "application/x-www-form-urlencoded",
                _REFERENCE_ID: reference_id,
                **headers,
            },
            body=form.reveal().encode(),
            reference_id=reference_id,
            private=True,
        )

    def _url(self, call: BaseCall[object]) -> URL:
        version = call.version
        if self._versions and not call.fixed_version:
            version = self._versions.get(call.endpoint, version)
        if call.path_values:
            url = self._parse(version, call.path, call.path_values)
        else:
            key = (version, call.path)
            known = self._urls.get(key)
            if known is None:
                known = self._urls[key] = self._parse(*key, {})
            url = known
        return url.with_query(call.query) if call.query else url

    def _parse(self, version: str, template: str, values: Mapping[str, str]) -> URL:
        filled = {"client_id": self._client_id, **values}
        # Each value becomes one path segment: a slash in it must not split it.
        path = "/".join(
            quote_segment(filled[segment[1:-1]])
            if segment.startswith("{") and segment.endswith("}")
            else segment
            for segment in template.split("/")
        )
        return URL(f"{self._base_url}/{version}/{path}", encoded=True)


def quote_segment(value: str) -> str:
    """Return a text quoted as one path segment."""
    from urllib.parse import quote

    if value in {"", ".", ".."}:
        msg = "a path value must not be empty or a dot segment (RFC 3986 section 5.2.4)"
        raise ValueError(msg)
    return quote(value, safe="")
