"""A browser for the demo shop: cookies, forms, and headers as the test wants them."""

import http.client
import re
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from attrs import define, field

from ..support.patience import PATIENCE

__all__ = ["Browser", "Reply", "forged"]

_CSRF = re.compile(r'(?:name="csrf" value|data-csrf)="([0-9a-f]{64})"')
_FRAME = re.compile(r'<iframe[^>]* src="([^"]+)"')


@define
class Reply:
    """
    A response of the shop.

    Attributes:
        status: The status.
        headers: The headers.
        text: The body.
    """

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def where(self) -> str:
        """The page that it redirects to."""
        return str(self.headers["Location"])

    @property
    def widget_session_id(self) -> str:
        """The widget session in the frame's URL."""
        url = _FRAME.findall(self.text)[0].replace("&amp;", "&")
        return str(parse_qs(url.partition("?")[2])["widget_session_id"][0])


@define
class Browser:
    """
    A customer's browser.

    Attributes:
        url: The shop.
        host: The host that they believe to be on; the shop's own by default.
        cookies: What the shop has set.
        csrf: The token of the last page with a form.
        address: The address that the proxy in front of the shop reports; None without a proxy.
    """

    url: str
    host: str | None = None
    cookies: dict[str, str] = field(factory=dict[str, str])
    csrf: str = ""
    address: str | None = None

    def get(self, path: str, **headers: str) -> Reply:
        """Open a page."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Reply:
        """Send a form of the last page."""
        body = urlencode({"csrf": self.csrf, **(form or {})})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, body, {**kind, **headers})

    def event(self, body: str) -> Reply:
        """Send an event of the widget, as the page's script does."""
        return self.send("/en/event", body, **{"X-CSRF-Token": self.csrf})

    def send(self, path: str, body: str, **headers: str) -> Reply:
        """Send a body."""
        return self._send("POST", path, body, headers)

    def to_widget(self, account_number: str = "10000001") -> Reply:
        """Go from the cart to the widget."""
        self.get("/en/cart")
        self.post("/en/cart", {"quantity": "1"})
        self.get("/en/pay")
        return self.post("/en/widget", {"account_number": account_number})

    def _send(self, method: str, path: str, body: str | None, given: dict[str, str]) -> Reply:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        headers: dict[str, str] = {"Host": self.host or parts.netloc, **given}
        if self.address is not None:
            headers["X-Forwarded-For"] = self.address
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read().decode())
        finally:
            connection.close()
        for written in response.headers.get_all("Set-Cookie", []):
            set_now: SimpleCookie = SimpleCookie(written)
            self.cookies |= {name: morsel.value for name, morsel in set_now.items()}
        self.csrf = next(iter(_CSRF.findall(reply.text)), self.csrf)
        return reply


def forged(account_number: str, widget_session_id: str) -> dict[str, Any]:
    """Return an event as the widget posts it for a verified customer."""
    data = {
        "accountNumber": int(account_number),
        "verified": True,
        "action": "purchase",
        "widget_session_id": widget_session_id,
    }
    return {"eventType": "flx-success", "eventData": data}
