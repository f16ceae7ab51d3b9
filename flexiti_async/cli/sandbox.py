"""`flexiti-async sandbox`: a local Flexiti, until Ctrl-C."""

import asyncio
import errno
import re
import secrets
import shlex
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Annotated, Final

from cyclopts import Parameter, validators

from flexiti_async.cli.options import Flag, Whole
from flexiti_async.cli.output import (
    WRONG,
    CommandError,
    print_facts,
    print_line,
    print_note,
    print_text,
)
from flexiti_async.cli.sandbox_process import inject
from flexiti_async.cli.signals import on_signals
from flexiti_async.config.parsing import is_loopback
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.redact import mask_text, printable
from flexiti_async.sandbox import RequestRecord, Sandbox
from flexiti_async.sandbox.endpoints.oauth_rules import PROFILES, OAuthProfile
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS, UNKNOWN_ENDPOINT

__all__ = ["sandbox"]

_GUID: Final = re.compile(r"[0-9a-fA-F-]{32,36}", re.ASCII)
_REMOTE: Final = (
    "{host} is not loopback: other machines could reach the sandbox, which speaks plain http and "
    "has a well-known client secret; pass --allow-remote to allow that"
)


async def sandbox(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Whole, Parameter(validator=validators.Number(gte=0, lte=65535))] = 8099,
    expires_in: Annotated[int, Whole, Parameter(validator=validators.Number(gte=1))] = 1200,
    fault: Annotated[
        list[str] | None, Parameter(negative=(), metavar="ENDPOINT:FAULT", json_list=False)
    ] = None,
    latency: Annotated[
        list[str] | None, Parameter(negative=(), metavar="[ENDPOINT=]SECONDS", json_list=False)
    ] = None,
    clock_offset: Annotated[float, Parameter(metavar="SECONDS")] = 0.0,
    oauth: OAuthProfile = "documented",
    credit_limit: Annotated[
        int | None, Whole, Parameter(validator=validators.Number(gte=0, lte=10**9))
    ] = None,
    log: Flag = False,
    allow_remote: Flag = False,
    public_url: Annotated[str | None, Parameter(metavar="URL")] = None,
) -> None:
    """
    Run a local Flexiti for tests, until Ctrl-C.

    It issues tokens and answers calls by the rules of the specification, without an account and
    without a network. It first prints its URL, its credentials and the variables for other
    commands, and the URL and token of its control endpoint, through which other programs on this
    machine can change its faults, clock, latency and tokens while it runs.

    A fault is an endpoint, or * for all of them, followed by its kind and its settings:

    * `oauth/token:status=503,retry_after=2,times=3` answers three token requests with 503.
    * `widget/init:drop` processes one request, and closes the connection without an answer.
    * `*:reset,times=null,probability=0.1,seed=7` resets one connection in ten, the same ones
      every time.
    * `*:hang,times=null,only.headers.x-worker=2` never answers one worker.

    Kinds: answer, redirect, delay, drop, reset, hang, truncate, drip, malformed, alter, endless,
    gzip-bomb. Module `flexiti_async.sandbox.faults.kinds` documents them and their settings, and
    `flexiti_async.sandbox.faults.codec` the equivalent JSON.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        expires_in: Lifetime of its tokens in seconds.
        fault: Fault to inject; can be repeated.
        latency: Delay of requests in seconds, for one endpoint or for all; can be repeated.
        clock_offset: Seconds by which its clock is ahead of this machine's; negative if behind.
        oauth: Its token service: as documented, or like the npm package that the real one
            resembles.
        credit_limit: Credit limit of every account in dollars, for load tests.
        log: Print a line for each request, without secrets.
        allow_remote: Allow an address that other machines can reach. Their sessions need
            `allow_plain_http`, and `widget_origins` with the public URL.
        public_url: Where a customer's browser reaches it, if not at host and port: scheme, host
            and port, such as http://localhost:8099.
    """
    if not (is_loopback(host) or allow_remote):
        raise CommandError(_REMOTE.format(host=printable(host)), status=WRONG)
    token = secrets.token_urlsafe(24)
    with _as_usage_error("--public-url"):
        running = Sandbox(
            host=host,
            port=port,
            public_url=public_url,
            expires_in=expires_in,
            control_token=token,
            oauth=PROFILES[oauth],
        )
    if credit_limit is not None:
        for account in running.accounts:
            account.credit_limit = Decimal(credit_limit)
    with _as_usage_error("--clock-offset"):
        running.clock_offset = clock_offset
    with _as_usage_error("--latency"):
        running.latency = _latency(latency or ())
    for text in fault or ():
        with _as_usage_error(f"--fault {mask_text(text)}"):
            inject(running, text)
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if log:
        running.on_request = partial(_print_request, ended)
    on_signals(partial(_end, ended))
    await _start(running)
    try:
        _print_welcome(running)
        await ended
    finally:
        await running.aclose()
    print_note(
        f"token requests: {running.count('oauth/token'):,}, "
        f"widget/init: {running.count('widget/init'):,}"
    )


@contextmanager
def _as_usage_error(option: str) -> Generator[None, None, None]:
    """Turn an error of the sandbox's settings into a usage error; its texts quote no value."""
    try:
        yield
    except (ConfigError, ValueError) as error:
        raise CommandError(f"{option}: {error}", status=WRONG) from None


def _latency(given: Sequence[str]) -> dict[str, float]:
    """Parse `--latency`; later ones override earlier ones, and no name means all endpoints."""
    latency: dict[str, float] = {}
    for text in given:
        endpoint, equals, seconds = text.rpartition("=")
        names = [endpoint] if equals else (*ENDPOINTS, UNKNOWN_ENDPOINT)
        try:
            latency |= dict.fromkeys(names, float(seconds))
        except ValueError:
            msg = "write SECONDS, or ENDPOINT=SECONDS"
            raise ValueError(msg) from None
    return latency


def _end(ended: asyncio.Future[None], error: OSError | None = None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(error)


async def _start(running: Sandbox) -> None:
    try:
        await running.start()
    except OSError as error:
        where = f"port {running.port} of {printable(running.host)}"
        if error.errno == errno.EADDRINUSE:
            msg = f"{where} is in use: choose another one with --port (0 picks a free one)"
        else:
            msg = f"cannot listen on {where}: {printable(error.strerror or type(error).__name__)}"
    else:
        return
    raise CommandError(msg)


def _print_welcome(running: Sandbox) -> None:
    print_text(f"Flexiti sandbox: {running.base_url}  (Ctrl-C stops it)")
    print_line()
    print_facts(
        {
            "client id": running.client_id,
            "client secret": running.client_secret,
            "merchant user": running.merchant_username,
            "merchant password": running.merchant_password,
            "token lifetime": f"{running.expires_in} s",
            "control URL": running.control_url,
            "control token": running.control_token or "",
            **({} if running.public_url is None else {"public URL": running.public_url}),
        }
    )
    print_line()
    print_line("For flexiti-async in another terminal:")
    print_line()
    variables = {
        "FLEXITI_BASE_URL": running.base_url,
        "FLEXITI_CLIENT_ID": running.client_id,
        "FLEXITI_CLIENT_SECRET": running.client_secret,
        "FLEXITI_ACCOUNT": running.account_name,
    }
    for name, value in variables.items():
        print_line(f"  export {name}={shlex.quote(value)}")
    print_line()


def _print_request(ended: asyncio.Future[None], record: RequestRecord) -> None:
    try:
        print_text(_request_line(record), indent=10)
    except OSError as error:  # the reader of the log has gone
        _end(ended, error)


def _request_line(record: RequestRecord) -> str:
    """Format a request as a line; values that the client chose may be secrets: masked."""
    known = record.endpoint != "unknown"
    answer = "-" if record.status is None else str(record.status)
    if record.error is not None:
        answer += f" {record.error}"
    parts = [
        time.strftime("%H:%M:%S", time.localtime(record.at)),
        mask_text(record.method),
        record.endpoint if known else mask_text(record.path),
        answer,
    ]
    chosen = {"grant": record.grant, "scope": record.scope}
    if record.fault is not None:
        parts.append(f"fault={record.fault}")
    parts += [f"{name}={mask_text(value)}" for name, value in chosen.items() if value]
    if record.token_id is not None:
        parts.append(f"token={record.token_id}")
    if record.reference_id is not None:
        shown = record.reference_id
        parts.append(f"reference={shown if _GUID.fullmatch(shown) else mask_text(shown)}")
    return "  ".join(parts)
