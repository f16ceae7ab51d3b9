"""
Keep customers' data out of the URLs that other tools record.

The API wants names, birth dates and card numbers in the query of lookups and searches, and account
numbers in paths. The library's own connections are not instrumented, whoever patches aiohttp. A
client session that the shop lends is: there each tool gets a filter.

```python
from flexiti_async import FlexitiConfig
from flexiti_async.integrations.url_masking import UrlMasking

config = FlexitiConfig(environment="training", client_id="shop", client_secret="…")
masking = UrlMasking(config)
for_sentry = {
    "before_breadcrumb": masking.before_breadcrumb,
    "before_send_transaction": masking.before_send_transaction,
}
for_opentelemetry = {"url_filter": masking.url_filter}
```

Then `sentry_sdk.init(**for_sentry)`, and
`AioHttpClientInstrumentor().instrument(**for_opentelemetry)`. It needs neither package.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from yarl import URL

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import ConfigError
from flexiti_async.integrations.serving import refuse_other
from flexiti_async.protocol.secret import MASK

__all__ = ["UrlMasking"]

_PARTS: Final = frozenset(
    {"http.query", "http.fragment", "url.query", "url.fragment", "url.path", "http.target"}
)
"""Keys under which tools keep parts of a URL, beside the URL."""
_MOST_LEVELS: Final = 64
"""Levels of nested data; what is deeper is not shown at all."""


class UrlMasking:
    """
    Masks all but the base of the API's URLs; other URLs stay as they are.

    Args:
        config: The configuration of the session, for the API's base URL.
    """

    def __init__(self, config: FlexitiConfig) -> None:
        refuse_other("config", config, FlexitiConfig, "a FlexitiConfig")
        base = str(URL(config.api_url))
        self._masked = f"{base}/{MASK}"
        self._url = re.compile(rf"{re.escape(base)}[/?#][^\s\"'<>]*", re.IGNORECASE)

    def url_filter(self, url: URL | str) -> str:
        """Return the URL without a customer's data; for OpenTelemetry's `url_filter`."""
        if not isinstance(url, URL | str):  # pyright: ignore[reportUnnecessaryIsInstance]
            msg = f"url must be a URL, not {type(url).__name__}"
            raise ConfigError(msg, option="url")
        return self._url.sub(self._masked, str(url))

    def before_breadcrumb(
        self, crumb: dict[str, Any], _: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a breadcrumb without a customer's data; for Sentry's `before_breadcrumb`."""
        refuse_other("crumb", crumb, dict, "a dict")
        return cast("dict[str, Any]", self._cleaned(crumb))

    def before_send_transaction(
        self, event: dict[str, Any], _: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a transaction without a customer's data; for `before_send_transaction`."""
        refuse_other("event", event, dict, "a dict")
        for name in ("breadcrumbs", "contexts", "spans"):
            if name in event:
                event[name] = self._cleaned(event[name])
        return event

    def _cleaned(self, value: object, depth: int = 0) -> object:
        """Mask the API's URLs in nested data, and drop their parts beside them."""
        if depth > _MOST_LEVELS:
            return MASK
        if isinstance(value, str):
            return self._url.sub(self._masked, value)
        if isinstance(value, list):
            return [self._cleaned(item, depth + 1) for item in cast("list[object]", value)]
        if not isinstance(value, dict):
            return value
        given = cast("dict[str, object]", value)
        found = {key: self._cleaned(item, depth + 1) for key, item in given.items()}
        if found == given:
            return given
        return {key: self._without_parts(item) for key, item in found.items() if key not in _PARTS}

    @staticmethod
    def _without_parts(value: object) -> object:
        """Drop the parts of a URL from the data of a span whose name has been masked."""
        if not isinstance(value, dict):
            return value
        data = cast("dict[str, object]", value)
        return {key: item for key, item in data.items() if key not in _PARTS}
