"""`flexiti-async doctor`: run all checks, and report what to do about their findings."""

import platform
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from cyclopts import Parameter
from yarl import URL

from flexiti_async import ConfigError, FlexitiConfig, __version__
from flexiti_async.cli.doctor.credentials import check_credentials
from flexiti_async.cli.doctor.files import check_files
from flexiti_async.cli.doctor.finding import (
    Finding,
    Level,
    error,
    good,
    note,
    print_findings,
)
from flexiti_async.cli.doctor.journal import check_journal
from flexiti_async.cli.doctor.network import check_network, describe_connections
from flexiti_async.cli.doctor.store import check_store
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import FAILED, print_json, print_line, print_note
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.transport.wire import proxy_of, tls_context

__all__ = ["doctor"]

_CONFIGURATION = "configuration"


async def doctor(
    *,
    token_request: Annotated[bool, Parameter(negative="--no-token-request")] = True,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    json: Flag = False,
    connection: Connection | None = None,
) -> int:
    """
    Check what would keep a shop from working, and advise what to do about it.

    The checks are configuration, name resolution, TLS, the clock, the credentials, the token store
    and the journal. Unless `--no-token-request` is set, one token is requested; no process shares
    it, and it is discarded. The store is checked with a key of its own. No secret is shown. The
    exit status is 1 if there is an error.

    Args:
        token_request: Check the credentials with one token request.
        store: URL of the token store, instead of the configuration's.
        json: Print one JSON object.
    """
    findings: list[Finding] = []
    if not json:
        print_line(f"flexiti-async {__version__}, Python {platform.python_version()}")
    async for finding in _run_checks(
        connection or Connection(), store, token_request=token_request
    ):
        findings.append(finding)
        if not json:
            print_findings([finding])
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    if json:
        print_json(
            {
                "version": __version__,
                "python": platform.python_version(),
                "errors": errors,
                "warnings": warnings,
                "findings": [finding.as_json() for finding in findings],
            }
        )
    else:
        print_line(f"{errors} errors, {warnings} warnings")
    return FAILED if errors else 0


async def _run_checks(
    connection: Connection, store: str | None, *, token_request: bool
) -> AsyncIterator[Finding]:
    try:
        config = connection.load(store=store)
    except ConfigError as failure:
        yield error(
            _CONFIGURATION, str(failure), "correct this first: no other check can run without it"
        )
        return
    for finding in _configuration(config):
        yield finding
    try:
        proxy, tls = _way_of(config)
    except ConfigError as failure:
        yield error("connections", str(failure), "correct this option: no session can be created")
        return
    reached = True
    for finding in describe_connections(config, proxy):
        yield finding
    if proxy is None:
        network = check_network(
            config.api_url, within=config.connect_timeout, clock=SYSTEM_CLOCK, tls=tls
        )
        async for finding in network:
            reached = reached and finding.level is not Level.ERROR
            yield finding
    async for finding in _check_credentials(config, asked=token_request, reached=reached):
        yield finding
    for check in (check_store(config), check_journal(config)):
        async for finding in check:
            yield finding


async def _check_credentials(
    config: FlexitiConfig, *, asked: bool, reached: bool
) -> AsyncIterator[Finding]:
    if not asked:
        yield note("credentials", "not checked: --no-token-request")
    elif not reached:
        yield note("credentials", "not checked: the API cannot be reached")
    else:
        print_note(f"requesting one token from {config.api_url} (--no-token-request skips this)")
        async for finding in check_credentials(config):
            yield finding


def _way_of(config: FlexitiConfig) -> tuple[URL | None, ssl.SSLContext | None]:
    """Return the proxy and the certificates of a session with this configuration."""
    given = config.proxy.reveal() if config.proxy else None
    return (
        proxy_of(URL(config.api_url), given, trust_env=config.trust_env),
        tls_context(config.ca_file, config.client_cert, config.client_key),
    )


def _configuration(config: FlexitiConfig) -> Iterator[Finding]:
    where = config.environment.value if config.environment else "base_url"
    yield good(
        _CONFIGURATION,
        f"complete: {where}, {config.api_url}, credentials fingerprint {config.fingerprint}",
    )
    yield from check_files(config)
