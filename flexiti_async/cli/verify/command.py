"""`flexiti-async verify`: make calls in a test environment, and compare with what is assumed."""

import asyncio
import re
import sys
from collections.abc import Coroutine
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from cyclopts import Parameter
from yarl import URL

from flexiti_async import Environment, FlexitiConfig, ValidationError
from flexiti_async.api import WidgetEvent, parse_event
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import FAILED, WRONG, CommandError, print_line, print_note, print_text
from flexiti_async.cli.verify.customer import APPLICANT, Customer, read_customer
from flexiti_async.cli.verify.judging import Evidence, Outcome
from flexiti_async.cli.verify.prober import Prober
from flexiti_async.cli.verify.report import Report, judge_all
from flexiti_async.cli.verify.steps import Steps
from flexiti_async.cli.verify.tokens import TokenSteps
from flexiti_async.clock import SYSTEM_CLOCK, today
from flexiti_async.errors import MalformedEvent
from flexiti_async.protocol.redact import mask_text
from flexiti_async.transport.pool import Transport

__all__ = ["verify"]

_PRODUCTION: Final = "posapi.flexiti.fi"
_TEST_KEY: Final = re.compile(r"[APD]-[A-Z_]{1,30}")
_LEAST, _MOST = Decimal("10.00"), Decimal("2000.00")
_SET: Final = ("i18n_method", "account_type_place", "client_auth", "merchants_login")


def verify(
    *,
    customer: Annotated[str | None, Parameter(metavar="FILE|-", allow_leading_hyphen=True)] = None,
    purchase: Flag = False,
    application: Annotated[str | None, Parameter(metavar="KEY")] = None,
    late_refresh: Flag = False,
    amount: Annotated[str, Parameter(metavar="DOLLARS")] = "100.00",
    report: Annotated[str, Parameter(metavar="NAME")] = "flexiti-verify",
    connection: Connection | None = None,
) -> int:
    """
    Find out which assumptions of this library a test environment of Flexiti confirms.

    Where Flexiti's pages are silent or contradict each other, the library assumes something. This
    command makes calls that show what is true: tokens and refreshes, both scopes, both methods of
    i18n, terms, search, lookup, plans, widget/init of both flows, and lists. It writes a report in
    Markdown and JSON: what is confirmed, what is contradicted and which option to set, what is
    still open; and each request and answer without personal data. It never runs in production. The
    exit status is 1 if an option has to be set.

    The customer is a JSON object of a test account and a test person, with some of account_number,
    vcc_number, first_name, last_name, dob, postal_code, email, phone_number, address_1, city and
    province. Calls for which it has no data are left out.

    `--purchase` and `--application` open a widget: its URL is printed, and the command waits until
    a line is entered: the event that the widget posted, as JSON, or an empty line.

    Args:
        customer: File with the test customer.
        purchase: Buy with the account: authorize, capture a part, release, return, refund.
        application: Apply with a test key in place of the middle name, such as A-RR_L or P-CREDIT.
        late_refresh: Wait until a token has expired (20 minutes), and refresh it then.
        amount: Amount of the plans and of the purchase, 10 to 2000.
        report: Name of the report's files, without .md and .json.
    """
    config = (connection or Connection()).load()
    _refuse_production(config)
    dollars = _amount(amount)
    person = read_customer(customer)
    _check_data(person, purchase=purchase, application=application)
    # Files and the terminal are read and written outside of the event loop.
    evidence = asyncio.run(
        _run(config, person, dollars, purchase=purchase, application=application, late=late_refresh)
    )
    where = config.environment.value if config.environment else str(URL(config.api_url).origin())
    made = Report(where, today(SYSTEM_CLOCK).isoformat(), judge_all(evidence), evidence)
    try:
        written = made.write(report)
    except OSError as error:
        msg = f"--report: {error.strerror}"
        raise CommandError(msg) from None
    _print(made)
    print_note(f"written: {', '.join(map(str, written))}")
    if all(each.status is None for each in evidence.exchanges.values()):
        msg = f"no call was answered by {where}: flexiti-async doctor finds out why"
        raise CommandError(msg)
    return FAILED if made.to_set else 0


async def _run(
    config: FlexitiConfig,
    customer: Customer,
    amount: Decimal,
    *,
    purchase: bool,
    application: str | None,
    late: bool,
) -> Evidence:
    transport = Transport(
        config.api_url,
        timeout=config.request_timeout,
        connect_timeout=config.connect_timeout,
        connections=config.connections,
        keepalive_timeout=config.keepalive_timeout,
        proxy=config.proxy,
        trust_env=config.trust_env,
        ca_file=config.ca_file,
        client_cert=config.client_cert,
        client_key=config.client_key,
        http=config.http,
    )
    prober = Prober(config, transport, print_note)
    tokens, steps = TokenSteps(prober), Steps(prober, customer)
    try:
        steps.check()
        await tokens.begin()
        tokens.probe = await steps.reference()
        await tokens.refresh()
        await tokens.bearers()
        await steps.read(amount)
        await steps.widgets()
        if purchase:
            await _unless_unusable(steps.purchase(amount, _visit))
        if application is not None:
            await _unless_unusable(steps.apply(application, _visit))
        if late:
            await tokens.expire()
    finally:
        await transport.aclose()
    settings = {name: str(getattr(config, name)) for name in _SET}
    return Evidence(prober.exchanges, settings, steps.facts, prober.reference_id)


async def _unless_unusable(steps: Coroutine[None, None, None]) -> None:
    """Make steps that use values of earlier answers, until one of them is not what it should be."""
    try:
        await steps
    except ValidationError as error:
        print_note(f"stopped: an answer has an unusable value: {error}")


def _refuse_production(config: FlexitiConfig) -> None:
    """Raise CommandError for the environment with real customers."""
    host = (URL(config.api_url).host or "").rstrip(".").lower()
    if config.environment is Environment.PRODUCTION or host == _PRODUCTION:
        msg = "verify never runs in production: choose --environment training"
        raise CommandError(msg, status=WRONG)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not (amount.is_finite() and _LEAST <= amount <= _MOST and amount == round(amount, 2)):
        msg = f"--amount must be dollars from {_LEAST} to {_MOST}"
        raise CommandError(msg, status=WRONG)
    return amount


def _check_data(customer: Customer, *, purchase: bool, application: str | None) -> None:
    """Raise CommandError if a step that was asked for lacks its data."""
    if purchase and customer.given("account_number") is None:
        msg = "--purchase needs an account_number in --customer"
        raise CommandError(msg, status=WRONG)
    if application is None:
        return
    if not _TEST_KEY.fullmatch(application):
        msg = "--application takes a test key of Flexiti's, such as A-RR_L, P-CREDIT or D-NO_HIT"
        raise CommandError(msg, status=WRONG)
    if customer.given(*APPLICANT) is None:
        msg = f"--application needs in --customer: {', '.join(APPLICANT)}"
        raise CommandError(msg, status=WRONG)


def _visit(url: str, what: str) -> WidgetEvent | None:
    """Have a person use the widget; return the event that is entered, None for an empty line."""
    print_text(f"Open this URL in a browser ({what}); it contains a token, for your eyes only:")
    print_line(url)
    print_text("Then enter the event that the widget posted as one line of JSON, or an empty line:")
    sys.stdout.flush()
    line = sys.stdin.readline().strip()
    if not line:
        return None
    try:
        return parse_event(line)
    except MalformedEvent as error:
        print_note(f"not an event of the widget: {mask_text(str(error))}")
        return None


def _print(made: Report) -> None:
    """Print what is contradicted, and the counts."""
    for assumption, verdict in made.of(Outcome.CONTRADICTED):
        print_text(f"contradicted  {assumption.endpoint}: {assumption.text}", indent=14)
        print_text(f"              {verdict.found}", indent=14)
        if verdict.set:
            print_text(f"              → set {verdict.set}", indent=16)
    counts = ", ".join(f"{len(made.of(outcome))} {outcome.value}" for outcome in Outcome)
    print_text(f"{made.where}: {counts}")
