"""A model of the API: tokens, refresh tokens that work once, and money that moves at any time."""

import json
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from attrs import define, field

from flexiti_async.api.endpoints import AUTHORIZATION, CAPTURE, TRANSACTIONS, WIDGET_INIT
from flexiti_async.protocol.oauth import ENDPOINT as TOKEN
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse

from .store import EPOCH, Fault, World

__all__ = ["MONEY", "ModelApi", "Payment"]

MONEY: Final = {CAPTURE: "capture", TRANSACTIONS: "transaction", AUTHORIZATION: "authorize"}
"""The kinds of operations, by endpoint."""
_GROUPS: Final = ("token", "token", "money", "money", "money", "call")
_JSON: Final = {"content-type": "application/json"}
_HTML: Final = {"content-type": "text/html"}
_REFUSALS: Final = {
    CAPTURE: "auth_amount_exceeded",
    TRANSACTIONS: "not_enough_credit",
    AUTHORIZATION: "credit_exceeded",
}


@define(eq=False)
class _Token:
    """
    A token as the API knows it.

    Attributes:
        minted: When.
        scope: Its scope.
        family: The first token of its line.
        revoked: It is not valid any more.
        spent: Its refresh token was used.
        pinned: It is in a customer's browser.
    """

    minted: float
    scope: str
    family: int
    revoked: bool = False
    spent: bool = False
    pinned: bool = False


def _ignore(*_: str) -> None:
    """Do nothing."""


@define
class Payment:
    """
    Money that has moved.

    Attributes:
        at: When.
        kind: The kind of operation.
        key: The shop's idempotency key.
        number: The API's number.
    """

    at: float
    kind: str
    key: str
    number: str


@define(eq=False)
class ModelApi:
    """
    The API.

    Attributes:
        world: The world.
        lifetime: Seconds that a token lives.
        keys: The shop's idempotency key by the API's own, for transactions.
        tokens: By access token.
        refresh_tokens: By refresh token.
        payments: All money that has moved.
        requests: How many requests arrived, by group.
        faults: Faults of the next requests, by group.
        outage: No connection is made until then.
        attempts: Moments and reference ids of all calls that were tried.
        clock: Seconds that its clock is wrong by.
        broken: The rules that requests have broken.
        written: The refresh tokens that were sent, whether they have arrived or not, and the
            processes that sent them first.
        refreshed_pins: Access tokens in a customer's browser that were refreshed, and by whom.
        on_money: Called with process, kind and key when a call that moves money is written.
    """

    world: World
    lifetime: float
    keys: dict[str, str]
    tokens: dict[str, _Token] = field(factory=dict[str, _Token])
    refresh_tokens: dict[str, _Token] = field(factory=dict[str, _Token])
    payments: list[Payment] = field(factory=list[Payment])
    requests: dict[str, int] = field(factory=lambda: dict.fromkeys(("token", "money", "call"), 0))
    faults: dict[str, deque[Fault]] = field(
        factory=lambda: {group: deque[Fault]() for group in ("token", "money", "call")}
    )
    outage: float = 0.0
    attempts: list[tuple[float, str]] = field(factory=list[tuple[float, str]])
    clock: float = 0.0
    broken: list[str] = field(factory=list[str])
    written: dict[str, str] = field(factory=dict[str, str])
    refreshed_pins: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    on_money: Callable[[str, str, str], object] = _ignore
    _by_api_key: dict[str, Payment] = field(factory=dict[str, Payment])

    def disturb(self, what: str, number: int, seconds: float) -> None:
        """Do what a move says."""
        match what:
            case "revoke" | "revoke all":
                for token in list(self.tokens.values())[-1 if what == "revoke" else 0 :]:
                    token.revoked = True
            case "outage":
                self.outage = self.world.loop.time() + seconds
            case _:
                faults = self.faults[_GROUPS[number % len(_GROUPS)]]
                faults.extend([Fault(what, seconds)] * (1 + number // len(_GROUPS)))

    def add_token(self, name: str, scope: str, *, minted: float) -> None:
        """Know a token that was granted before."""
        self.tokens[name] = _Token(minted, scope, len(self.tokens))

    def heal(self) -> None:
        """End all faults."""
        self.outage = 0.0
        for queue in self.faults.values():
            queue.clear()

    def fault_of(self, request: HttpRequest) -> Fault | None:
        """Return what happens to a request that is tried."""
        if request.endpoint != TOKEN:
            self.attempts.append((self.world.loop.time(), request.reference_id))
        if self.world.loop.time() < self.outage:
            return Fault("refuse", 0.0)
        queue = self.faults[group_of(request)]
        return queue.popleft() if queue else None

    def sent(self, request: HttpRequest, process: str) -> None:
        """Check a request at the moment in which it is written."""
        body = (request.body or b"").decode()
        if request.endpoint == TOKEN and "refresh_token=" in body:
            refresh_token = _form(body)["refresh_token"]
            if refresh_token in self.written:
                self.broken.append(f"refresh: {process} sent a refresh token that was sent before")
            self.written.setdefault(refresh_token, process)
        kind = MONEY.get(request.endpoint)
        if kind is not None:
            self.on_money(process, kind, self._key_of(request))
        token = self.tokens.get(_bearer(request))
        now = self.world.loop.time()
        if token is not None and now > token.minted + self.lifetime:
            late = now - token.minted - self.lifetime
            self.broken.append(
                f"token: {process} sent {request.endpoint} {late:.3f} s after its token's end"
            )

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Execute a request."""
        self.requests[group_of(request)] += 1
        self.world.note("api", request.endpoint)
        if request.endpoint == TOKEN:
            return self._grant(_form((request.body or b"").decode()))
        token = self.tokens.get(_bearer(request))
        if token is None or token.revoked or self.world.loop.time() > token.minted + self.lifetime:
            return _error(401, "invalid_token")
        kind = MONEY.get(request.endpoint)
        if kind is not None:
            return self._pay(kind, request)
        if request.endpoint == WIDGET_INIT:
            token.pinned = True
            session = f"{len(self.world.log):032x}"
            url = (
                "https://posapi.flexiti.fi/flexiti/pos-api/#/widget/shop/"
                f"{_bearer(request)}?lang=en&x-reference-id={request.reference_id}"
                f"&widget_session_id={session}"
            )
            return self._good({"redirection_url": url})
        return self._good({"authorization_id": "7", "authorization_status": "authorized"})

    def refusal(self, request: HttpRequest) -> HttpResponse:
        """Return a refusal of the API's own: the request was not executed."""
        if request.endpoint == TOKEN:
            return HttpResponse(503, _HTML, b"<html>busy</html>")
        return _error(409, _REFUSALS.get(request.endpoint, "not_found"))

    def _pay(self, kind: str, request: HttpRequest) -> HttpResponse:
        api_key = request.headers.get("x-idempotency-key")
        payment = self._by_api_key.get(api_key or "")
        if payment is None:
            key = self._key_of(request)
            payment = Payment(self.world.loop.time(), kind, key, str(1000 + len(self.payments)))
            self.payments.append(payment)
            self.world.note("api", "paid", kind, payment.key, payment.number)
            if api_key is not None:
                self._by_api_key[api_key] = payment
        name = {"capture": "capture_id", "authorize": "authorization_id"}.get(kind)
        answer = {name or "transaction_id": int(payment.number)}
        return self._good(answer if kind != "authorize" else {**answer, **_AUTHORIZED})

    def _key_of(self, request: HttpRequest) -> str:
        """Return the shop's idempotency key of a call that moves money."""
        api_key = request.headers.get("x-idempotency-key")
        if api_key is not None:
            return self.keys[api_key]
        key: str = json.loads(request.body or b"{}")["reference"]
        return key

    def _grant(self, form: dict[str, str]) -> HttpResponse:
        now, scope = self.world.loop.time(), form["scope"]
        family = len(self.tokens)
        if form["grant_type"] == "refresh_token":
            old = self.refresh_tokens[form["refresh_token"]]
            if old.spent or old.revoked or now > old.minted + self.lifetime:
                old.spent = True
                return _error(400, "invalid_grant")
            if old.pinned:
                name = form["refresh_token"]
                pin = name.replace("refresh", "access"), self.written[name]
                self.refreshed_pins.append(pin)
            old.spent = old.revoked = True
            family = old.family
        token = _Token(now, scope, family)
        number = len(self.tokens)
        self.tokens[f"access-{number}"] = self.refresh_tokens[f"refresh-{number}"] = token
        self.world.note("api", "token", number, scope)
        date = formatdate(EPOCH + now + self.clock, usegmt=True)
        answer = self._good(
            {
                "token_type": "bearer",
                "access_token": f"access-{number}",
                "expires_in": self.lifetime,
                "refresh_token": f"refresh-{number}",
                "scope": scope,
            }
        )
        return HttpResponse(answer.status, {**answer.headers, "date": date}, answer.body)

    def _good(self, body: object) -> HttpResponse:
        return HttpResponse(200, _JSON, json.dumps(body).encode())


_AUTHORIZED: Final = {"authorization_status": "authorized"}


def _form(body: str) -> dict[str, str]:
    """Read a form without escapes."""
    return dict(pair.split("=", 1) for pair in body.split("&"))


def group_of(request: HttpRequest) -> str:
    """Return the group of endpoints that a fault names."""
    if request.endpoint == TOKEN:
        return "token"
    return "money" if request.endpoint in MONEY else "call"


def foreign(status: int) -> HttpResponse:
    """Return the answer of a proxy."""
    return HttpResponse(status, _HTML, b"<html>a proxy</html>")


def general_error() -> HttpResponse:
    """Return the API's error that says nothing."""
    return _error(409, "general_error")


def _error(status: int, code: str) -> HttpResponse:
    body = {"url": "/v2.5", "message": "no", "error": code}
    return HttpResponse(status, _JSON, json.dumps(body).encode())


def _bearer(request: HttpRequest) -> str:
    return request.headers.get("authorization", "")[7:]
