"""
The control endpoint: controls a running sandbox from other processes, in any language.

It exists if the sandbox has a `control_token`; `flexiti-async sandbox` generates one and prints it.
Requests must carry the token (`authorization: Bearer …`) and come from this machine. They are
neither recorded nor delayed, and meet no fault.

| request to `/sandbox/control/…` | effect |
|---|---|
| `GET state` | returns the time, the counts, the tokens (without secrets) and the faults |
| `POST play` | plays the customer: `{"widget": "<redirection_url>", "choice": "approve"}` |
| `POST faults` | adds a rule: the JSON of `flexiti_async.sandbox.faults.codec` |
| `DELETE faults` | removes all rules; with `?endpoint=oauth/token` those of that endpoint only |
| `POST revoke` | revokes tokens: `{"token_id": "…"}`, `{"family": 1}` or `{"all": true}` |
| `POST expire` | expires all tokens now |
| `POST clock` | sets the clock's offset, `{"offset": 90}`, or advances it: `{"advance": 5}` |
| `POST latency` | replaces it: `{"oauth/token": 0.2}`, seconds by endpoint; `{}` for none |

The answer of `play` is the event that the widget would post (spec section 7.3); `widget` may be the
widget session id, `choice` is one of `page.scenarios.Choice`, and `account_number` and `mfa` are as
for `Sandbox.play`. Every other answer is the resulting state, with the newest 1,000 tokens. Errors
are `{"error": "…"}`: 400 for an invalid request, 401 without the token, 403 from another machine,
404 for an unknown path, token or widget session, 405 for another method.
"""

import hmac
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import TypeAlias, cast

from aiohttp import web
from attrs import field, frozen

from flexiti_async.sandbox.app import Dispatcher
from flexiti_async.sandbox.faults.codec import read_json, rule_from_json, rule_to_json
from flexiti_async.sandbox.faults.rules import plain_address
from flexiti_async.sandbox.faults.validators import Document, as_mapping, is_seconds
from flexiti_async.sandbox.page.scenarios import CHOICES, MFAS, Choice, Mfa, finish
from flexiti_async.sandbox.state.tokens import TokenView

__all__ = ["CONTROL_PATH", "Control"]

CONTROL_PATH = "/sandbox/control"
"""Its path, on the host and port of the sandbox."""

_SHOWN_TOKENS = 1000
_Command: TypeAlias = Callable[[Dispatcher, web.Request, object], Mapping[str, Document] | None]
"""Runs a command, and returns the answer; None for the resulting state."""


class _RefusedError(Exception):
    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text
        self.headers = headers or {}


@frozen(eq=False)
class Control:
    """
    The control endpoint of a sandbox.

    Attributes:
        dispatcher: The sandbox's dispatcher.
        token: The secret that requests must carry.
    """

    dispatcher: Dispatcher
    token: str = field(repr=False)

    def add_to(self, app: web.Application) -> None:
        """Serve it beside the API."""
        app.router.add_route("*", f"{CONTROL_PATH}/{{name:.*}}", self.serve)

    async def serve(self, request: web.Request) -> web.Response:
        """Run one command, and answer with the resulting state."""
        try:
            self._authenticate(request)
            command = _command(request)
            body = await request.read()
            answer = command(self.dispatcher, request, read_json(body) if body else {})
        except _RefusedError as refused:
            return _answer(refused.status, {"error": refused.text}, refused.headers)
        except web.HTTPRequestEntityTooLarge:
            return _answer(413, {"error": "the body is too large"})
        except ValueError as error:  # of our own checks, which quote no value
            return _answer(400, {"error": str(error)})
        return _answer(200, _state(self.dispatcher) if answer is None else answer)

    def _authenticate(self, request: web.Request) -> None:
        if not _is_local(request.remote):
            raise _RefusedError(403, "the control endpoint is for this machine only")
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(sent.encode(errors="replace"), self.token.encode()):
            raise _RefusedError(
                401, "the control token is missing or wrong", {"WWW-Authenticate": "Bearer"}
            )


def _is_local(address: str | None) -> bool:
    return address is not None and ip_address(plain_address(address)).is_loopback


def _command(request: web.Request) -> _Command:
    name = request.match_info["name"]
    methods = [method for method, known in _COMMANDS if known == name]
    if not methods:
        raise _RefusedError(404, "there is nothing at this path")
    if request.method not in methods:
        allowed = ", ".join(methods)
        raise _RefusedError(405, f"this path accepts {allowed} only", {"Allow": allowed})
    return _COMMANDS[request.method, name]


def _answer(
    status: int, body: Mapping[str, Document], headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def _state(dispatcher: Dispatcher) -> dict[str, Document]:
    settings, ledger = dispatcher.settings, dispatcher.backend.ledger
    views = ledger.views()
    return {
        "now": settings.now(),
        "clock_offset": settings.clock_offset,
        "latency": dict(settings.latency),
        "requests": dispatcher.log.totals(),
        "tokens_issued": ledger.issued,
        "replays": ledger.replays,
        "tokens": [_shown(view) for view in views[-_SHOWN_TOKENS:]],
        "faults": [
            {**rule_to_json(rule), "left": left} for rule, left in dispatcher.rules.active()
        ],
    }


def _shown(view: TokenView) -> dict[str, Document]:
    return {
        "token_id": view.token_id,
        "scope": view.scope,
        "grant": view.grant,
        "issued_at": view.issued_at,
        "expires_at": view.expires_at,
        "revoked": view.revoked,
        "family": view.family,
    }


def _show_state(_: Dispatcher, __: web.Request, ___: object) -> None:
    """Change nothing."""


def _play(dispatcher: Dispatcher, _: web.Request, body: object) -> Mapping[str, Document]:
    given = as_mapping(body, "the body")
    if given.keys() - {"widget", "choice", "account_number", "mfa"}:
        msg = "play takes widget, choice, account_number and mfa only"
        raise ValueError(msg)
    widget, number = given.get("widget"), given.get("account_number")
    if not isinstance(widget, str):
        raise _RefusedError(400, "widget must be the redirection_url, or the widget session id")
    if not (number is None or (isinstance(number, int) and not isinstance(number, bool))):
        msg = "account_number must be a number, or null"
        raise ValueError(msg)
    try:
        session = dispatcher.backend.sessions.of_widget(widget)
    except LookupError as error:
        raise _RefusedError(404, str(error)) from None
    event = finish(
        session,
        cast("Choice", _word(given, "choice", CHOICES)),
        dispatcher.backend,
        dispatcher.settings.now(),
        account_number=number,
        mfa=cast("Mfa", _word(given, "mfa", MFAS)),
    )
    return cast("Mapping[str, Document]", event)


def _word(given: Mapping[str, object], name: str, words: tuple[str, ...]) -> str:
    """Return one of some words; the first without any."""
    word = given.get(name, words[0])
    if word not in words:
        msg = f"{name} must be one of: {', '.join(words)}"
        raise ValueError(msg)
    return str(word)


def _add_fault(dispatcher: Dispatcher, _: web.Request, body: object) -> None:
    dispatcher.rules.add(rule_from_json(body))


def _clear_faults(dispatcher: Dispatcher, request: web.Request, _: object) -> None:
    if request.query.keys() - {"endpoint"}:
        msg = "endpoint is the only query parameter"
        raise ValueError(msg)
    dispatcher.rules.clear(request.query.get("endpoint"))


def _revoke(dispatcher: Dispatcher, _: web.Request, body: object) -> None:
    name, wanted = _one_member(body, "token_id", "family", "all")
    match name, wanted:
        case "all", True:
            dispatcher.backend.ledger.revoke_all()
            return
        case "token_id", str():
            revoked = [v for v in dispatcher.backend.ledger.views() if v.token_id == wanted]
        case "family", int() if wanted is not True:
            revoked = [v for v in dispatcher.backend.ledger.views() if v.family == wanted]
        case _:
            msg = "revoke takes a token_id (string), a family (number), or all: true"
            raise ValueError(msg)
    if not revoked:
        raise _RefusedError(404, f"no token has this {name}")
    for view in revoked:
        token = dispatcher.backend.ledger.find(view.access_token)
        if token is not None:
            token.revoked = True


def _expire(dispatcher: Dispatcher, _: web.Request, body: object) -> None:
    if as_mapping(body, "the body"):
        msg = "expire takes no arguments: it applies to all tokens"
        raise ValueError(msg)
    dispatcher.backend.ledger.expire_all(dispatcher.settings.now())


def _set_clock(dispatcher: Dispatcher, _: web.Request, body: object) -> None:
    name, seconds = _one_member(body, "offset", "advance")
    if name == "offset":
        dispatcher.settings.clock_offset = cast("float", seconds)  # the setter checks it
    elif is_seconds(seconds):
        dispatcher.settings.advance(cast("float", seconds))
    else:
        msg = "advance must be a number of seconds, from 0 to a year"
        raise ValueError(msg)


def _set_latency(dispatcher: Dispatcher, _: web.Request, body: object) -> None:
    latency = cast("dict[str, float]", as_mapping(body, "the body"))
    dispatcher.settings.latency = latency  # the setter checks each number


def _one_member(body: object, *names: str) -> tuple[str, object]:
    members = as_mapping(body, "the body")
    if len(members) != 1 or not members.keys() <= set(names):
        msg = f"the body must have exactly one of: {', '.join(names)}"
        raise ValueError(msg)
    return next(iter(members.items()))


_COMMANDS: Mapping[tuple[str, str], _Command] = MappingProxyType(
    {
        ("GET", "state"): _show_state,
        ("POST", "play"): _play,
        ("POST", "faults"): _add_fault,
        ("DELETE", "faults"): _clear_faults,
        ("POST", "revoke"): _revoke,
        ("POST", "expire"): _expire,
        ("POST", "clock"): _set_clock,
        ("POST", "latency"): _set_latency,
    }
)
"""Maps method and path of a request to the command."""
