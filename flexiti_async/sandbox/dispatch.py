"""From aiohttp to the endpoints and back: recording, waiting, scripted answers, error bodies."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from aiohttp import web
from attrs import define, field, frozen

from flexiti_async.sandbox import merchants, oauth, widget
from flexiti_async.sandbox.answers import RefusalError, error_body, json_bytes
from flexiti_async.sandbox.faults import Fault, Faults
from flexiti_async.sandbox.log import RequestLog, RequestRecord
from flexiti_async.sandbox.reading import bearer_text
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state import Ledger, token_id
from flexiti_async.sandbox.wire import (
    BASE_PATH,
    ENDPOINT_PATHS,
    JSON_TYPE,
    UNKNOWN_ENDPOINT,
    Incoming,
    Json,
    parse_form,
)

__all__ = ["Dispatcher"]

Handler: TypeAlias = Callable[[Incoming, Settings, Ledger], dict[str, Json]]
"""Answers a request or raises `RefusalError`. It never waits, so no other runs in between."""

_HANDLERS: dict[str, Handler] = {
    "oauth/token": oauth.answer,
    "merchants/login": merchants.answer,
    "widget/init": widget.answer,
}
_MAX_NOTED = 100  # characters of a grant or scope that is no word of the API


@frozen
class _Answer:
    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str])
    error: str | None = None


@define(eq=False)
class Dispatcher:
    """
    The HTTP side of the sandbox.

    Attributes:
        settings: The knobs.
        base_url: API base URL of the running server, without a trailing slash.
        ledger: The tokens.
        log: The requests.
        faults: The scripted answers.
    """

    settings: Settings
    base_url: str = ""
    ledger: Ledger = field(factory=Ledger)
    log: RequestLog = field(factory=RequestLog)
    faults: Faults = field(factory=Faults)

    def application(self) -> web.Application:
        """Make the aiohttp application: every method on every path comes to `serve`."""
        app = web.Application()
        for endpoint, path in ENDPOINT_PATHS.items():
            app.router.add_route("*", BASE_PATH + path, partial(self.serve, endpoint))
        app.router.add_route("*", "/{any:.*}", partial(self.serve, UNKNOWN_ENDPOINT))
        return app

    async def serve(self, endpoint: str, request: web.Request) -> web.Response:
        """Record a request, wait, answer as scripted or by the rules, and complete the record."""
        incoming = await self._read(request)
        exchange = self.log.open(self._record(endpoint, incoming))
        if endpoint in self.settings.latency:
            await asyncio.sleep(self.settings.latency[endpoint])
        fault = self.faults.take(endpoint)
        answer = self._answer(endpoint, incoming) if fault is None else _scripted(incoming, fault)
        record = self.log.close(exchange, status=answer.status, error=answer.error)
        if self.settings.on_request is not None:
            self.settings.on_request(record)
        response = web.Response(status=answer.status, body=answer.body, content_type=JSON_TYPE)
        response.headers.update(answer.headers)
        return response

    async def _read(self, request: web.Request) -> Incoming:
        try:
            body = await request.read()
            too_large = False
        except web.HTTPRequestEntityTooLarge:
            body = b""
            too_large = True
        content_type = request.content_type
        return Incoming(
            method=request.method,
            path=request.rel_url.raw_path,
            query=tuple(request.query.items()),
            content_type=content_type,
            authorization=tuple(request.headers.getall("authorization", ())),
            reference_ids=tuple(request.headers.getall("x-reference-id", ())),
            body=body,
            too_large=too_large,
            form=parse_form(content_type, body),
            client_id=request.match_info.get("client_id", ""),
            base_url=self.base_url,
        )

    def _record(self, endpoint: str, incoming: Incoming) -> RequestRecord:
        grant = scope = bearer = None
        if endpoint != "oauth/token":
            bearer = bearer_text(incoming)
            token = None if bearer is None else self.ledger.find(bearer)
            scope = None if token is None else token.scope
        elif incoming.form is not None:
            grant, scope, refresh_token = oauth.asked_for(incoming.form)
            if refresh_token is not None:
                self.ledger.present(refresh_token)
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

    def _answer(self, endpoint: str, incoming: Incoming) -> _Answer:
        try:
            return _Answer(200, json_bytes(self._result(endpoint, incoming)))
        except RefusalError as refusal:
            headers = (
                {"Allow": "POST"} if refusal.status == web.HTTPMethodNotAllowed.status_code else {}
            )
            return _Answer(
                refusal.status, error_body(incoming.path, refusal), headers, refusal.error
            )

    def _result(self, endpoint: str, incoming: Incoming) -> dict[str, Json]:
        handler = _HANDLERS.get(endpoint)
        if handler is None:
            raise RefusalError(404, "not_found", "There is nothing at this path.")
        if incoming.method != "POST":
            raise RefusalError(405, "method_not_allowed", "This endpoint takes POST only.")
        if incoming.too_large:
            raise RefusalError(413, "wrong_inputs", "The body is too large.")
        return handler(incoming, self.settings, self.ledger)


def _scripted(incoming: Incoming, fault: Fault) -> _Answer:
    if fault.body is not None:
        return _Answer(fault.status, fault.body, fault.headers)
    refusal = RefusalError(fault.status, "general_error", "This answer was scripted.")
    return _Answer(fault.status, error_body(incoming.path, refusal), fault.headers, refusal.error)
