"""Routes aiohttp's requests to the endpoints: recording, latency, faults, error bodies."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from aiohttp import web
from attrs import define, evolve, field

from flexiti_async.sandbox.endpoints import (
    accounts,
    applications,
    authorizations,
    captures,
    customers,
    driverslicense,
    lists,
    merchants,
    oauth,
    plans,
    reference,
    returns,
    transactions,
    widget,
)
from flexiti_async.sandbox.faults.delivery import response_of
from flexiti_async.sandbox.faults.kinds import Delay
from flexiti_async.sandbox.faults.replies import Reply, http_date, reply_of
from flexiti_async.sandbox.faults.rules import FaultRules, Sender, plain_address
from flexiti_async.sandbox.page.page import WidgetPage
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.request_log import RequestLog, RequestRecord
from flexiti_async.sandbox.state.tokens import token_id
from flexiti_async.sandbox.validation.request import bearer_text
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS, UNKNOWN_ENDPOINT
from flexiti_async.sandbox.wire.errors import RefusalError, error_body, json_bytes
from flexiti_async.sandbox.wire.request import Incoming, Json, parse_form

__all__ = ["HANDLERS", "Dispatcher", "Handler"]

Handler: TypeAlias = Callable[[Incoming, Settings, Backend], Json]
"""Returns the answer to a request or raises `RefusalError`. It never waits, so it is atomic."""

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "oauth/token": oauth.answer,
        "merchants/login": merchants.answer,
        "widget/init": widget.answer,
        "i18n": reference.i18n,
        "terms-and-conditions": reference.terms_and_conditions,
        "information": reference.information,
        "customers/driverslicense": driverslicense.driverslicense,
        "customers/search": customers.search,
        "customers/lookup": customers.lookup,
        "apply": applications.apply,
        "verify": accounts.verify,
        "calculate-interest": plans.calculate_interest,
        "close": accounts.close,
        "transactions": transactions.transact,
        "authorization": authorizations.create,
        "authorization/release": captures.release,
        "authorization/capture": captures.capture,
        "authorization/capture/return": returns.return_capture,
        "refund": returns.refund,
        "authorizations": lists.authorizations,
        "authorization/by-id": lists.authorization_by_id,
        "captures": lists.captures,
    }
)
"""Maps endpoint names to handlers: one for each of `ENDPOINTS`."""

# RFC 6749 section 5.1: no cache may keep a token.
_NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store", "Pragma": "no-cache"})
_MAX_NOTED = 100  # characters of a grant or scope; that of a request may be anything


@define(eq=False)
class Dispatcher:
    """
    The HTTP side of the sandbox.

    Attributes:
        settings: The settings.
        base_url: API base URL of the running server, without a trailing slash.
        backend: The state of the API: tokens, accounts, widget sessions.
        log: The requests.
        rules: The injected faults.
    """

    settings: Settings
    base_url: str = ""
    backend: Backend = field(factory=Backend)
    log: RequestLog = field(factory=RequestLog)
    rules: FaultRules = field(factory=FaultRules)

    def application(self) -> web.Application:
        """Build the aiohttp application: `serve` handles every method on every path."""
        app = web.Application()
        for name, endpoint in ENDPOINTS.items():
            for version, path in endpoint.routes():
                app.router.add_route("*", path, partial(self.serve, name, version))
        WidgetPage(self.settings, self.backend).add_routes(app)
        app.router.add_route("*", "/{any:.*}", partial(self.serve, UNKNOWN_ENDPOINT, ""))
        return app

    async def serve(self, endpoint: str, version: str, request: web.Request) -> web.StreamResponse:
        """Record a request, wait, process it unless a fault prevents it, complete the record."""
        incoming = await self._read(endpoint, version, request)
        exchange = self.log.open(self._record(endpoint, incoming))
        if endpoint in self.settings.latency:
            await asyncio.sleep(self.settings.latency[endpoint])
        fault = self.rules.take(endpoint, _caller(request, exchange.record))
        if isinstance(fault, Delay):
            await asyncio.sleep(fault.seconds)
        real = self._answer(endpoint, incoming) if fault is None or fault.commit else None
        reply = reply_of(fault, real, incoming.path, self.settings.now())
        record = self.log.close(
            exchange,
            status=None if reply is None else reply.status,
            error=None if reply is None else reply.error,
            fault=None if fault is None else fault.kind,
        )
        if self.settings.on_request is not None:
            self.settings.on_request(record)
        if reply is not None:
            headers = {"Date": http_date(self.settings.now()), **reply.headers}
            reply = evolve(reply, headers=headers)
        return response_of(reply, fault)

    async def _read(self, endpoint: str, version: str, request: web.Request) -> Incoming:
        try:
            body = await request.read()
            too_large = False
        except web.HTTPRequestEntityTooLarge:
            body = b""
            too_large = True
        content_type = request.content_type
        headers = request.headers
        return Incoming(
            endpoint=endpoint,
            version=version,
            method=request.method,
            path=request.rel_url.raw_path,
            query=tuple(request.query.items()),
            content_type=content_type,
            authorization=tuple(headers.getall("authorization", ())),
            reference_ids=tuple(headers.getall("x-reference-id", ())),
            idempotency_keys=tuple(headers.getall("x-idempotency-key", ())),
            context_hashes=tuple(headers.getall("x-context-hash", ())),
            body=body,
            too_large=too_large,
            form=parse_form(content_type, body),
            client_id=request.match_info.get("client_id", ""),
            path_values=dict(request.match_info),
            base_url=self.base_url,
        )

    def _record(self, endpoint: str, incoming: Incoming) -> RequestRecord:
        grant = scope = bearer = None
        if endpoint != "oauth/token":
            bearer = bearer_text(incoming, self.settings)
            token = None if bearer is None else self.backend.ledger.find(bearer)
            scope = None if token is None else token.scope
        elif incoming.form is not None:
            grant, scope, refresh_token = oauth.requested(incoming.form)
            if refresh_token is not None:
                self.backend.ledger.present(refresh_token)
        return RequestRecord(
            method=incoming.method,
            path=incoming.path,
            endpoint=endpoint,
            status=None,
            error=None,
            reference_id=incoming.reference_ids[0] if incoming.reference_ids else None,
            grant=grant and grant[:_MAX_NOTED],
            scope=scope and scope[:_MAX_NOTED],
            token_id=bearer and token_id(bearer),
            at=self.settings.now(),
        )

    def _answer(self, endpoint: str, incoming: Incoming) -> Reply:
        oauth = endpoint == "oauth/token"
        headers: Mapping[str, str] = _NO_STORE if oauth else {}
        try:
            return Reply(200, json_bytes(self._result(endpoint, incoming)), headers)
        except RefusalError as refusal:
            describes = oauth and self.settings.oauth.as_package
            body = error_body(incoming.path, refusal, describes=describes)
            return Reply(refusal.status, body, {**headers, **refusal.headers}, refusal.error)

    def _result(self, endpoint: str, incoming: Incoming) -> Json:
        handler = HANDLERS.get(endpoint)
        if handler is None:
            raise RefusalError(404, "not_found", "There is nothing at this path.")
        methods = ENDPOINTS[endpoint].methods
        if incoming.method not in methods:
            taken = " and ".join(methods)
            raise RefusalError(
                web.HTTPMethodNotAllowed.status_code,
                "method_not_allowed",
                f"This endpoint takes {taken} only.",
                headers={"Allow": ", ".join(methods)},
            )
        if incoming.too_large:
            raise RefusalError(413, "wrong_inputs", "The body is too large.")
        return handler(incoming, self.settings, self.backend)


def _caller(request: web.Request, record: RequestRecord) -> Sender:
    return Sender(
        address=None if request.remote is None else plain_address(request.remote),
        headers={name.lower(): value for name, value in request.headers.items()},
        grant=record.grant,
        scope=record.scope,
    )
