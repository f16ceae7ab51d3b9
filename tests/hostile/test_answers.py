"""Answers of a broken or hostile server: bounded before a model is made, and never a way out."""

import json
from decimal import Decimal
from typing import Any, Final

import pytest

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.api.plans import calculate_interest
from flexiti_async.api.widget import Widget, init_widget
from flexiti_async.api.widget_events import parse_event
from flexiti_async.api.widget_origins import WidgetOrigins
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.secret import Secret
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession

BUY: Final = PurchaseWidget(account_number=10000001)
TRAINING: Final = "https://posapi-training.flexiti.fi/flexiti/pos-api"
LEADS_ASTRAY: Final = [
    "http://posapi-training.flexiti.fi/#/widget/x",
    "https://evil.example/#/widget/x",
    "https://posapi-training.flexiti.fi@evil.example/#/widget/x",
    "https://posapi-training.flexiti.fi:x@evil.example/",
    "https://evil.example\\@posapi-training.flexiti.fi/",
    "https://posapi-training.flexiti.fi\\.evil.example/",
    "https://posapi-training.flexiti.fi/\\evil.example/",
    "https://posapi-training.flexiti.fi.evil.example/",
    "https://evilflexiti.fi/",
    "https://flexiti.fi.example/",
    "https://posapi-training.flexiti.fi:8443/",
    "https://posapi-training.flexiti.fi%2eevil.example/",
    "https://posapi-training.flexiti.f\u0456/",
    "https://evil.example#.flexiti.fi/",
    "https://evil.example?.flexiti.fi/",
    "https://posapi-training.flexiti.fi./",
    "https://-.flexiti.fi-/",
    "https:///posapi-training.flexiti.fi/",
    "https:posapi-training.flexiti.fi/",
    "//posapi-training.flexiti.fi/",
    "javascript:alert(1)//posapi-training.flexiti.fi/",
    " https://posapi-training.flexiti.fi/",
    "https://posapi-training.flexiti.fi/\n",
    "https://posapi\t-training.flexiti.fi/",
    "https://posapi-training.flexiti.fi/#" + "x" * 9000,
]
GOOD: Final = [
    "https://posapi-training.flexiti.fi/#/widget/shop/token?lang=en",
    "https://WIDGET.flexiti.fi/x",
    "https://flexiti.fi:443?x",
    "https://posapi-training.flexiti.fi",
]


def problem(origins: WidgetOrigins, url: str) -> str | None:
    """Return what is wrong with a URL, as a widget or for these origins."""
    try:
        widget = Widget(url=Secret(url))
    except UnfitError as error:
        return error.place
    return origins.problem(widget)


def test_a_redirection_url_stays_at_flexiti() -> None:
    """Another scheme, a user, a look-alike host, another port: each is refused."""
    origins = WidgetOrigins.of(TRAINING, ())

    assert [] == [url for url in LEADS_ASTRAY if problem(origins, url) is None]
    assert [] == [url for url in GOOD if problem(origins, url) is not None]


def test_the_default_for_other_apis() -> None:
    """A sandbox has loopback, another API its own origin and Flexiti's; neither has the other's."""
    loopback = WidgetOrigins.of("http://127.0.0.1:8080/flexiti/pos-api", ())
    proxied = WidgetOrigins.of("https://flexiti.shop.example:8443/pos-api", ())

    assert [None] * 3 == [
        problem(loopback, f"http://{host}/#/x") for host in ("127.0.0.1:9", "localhost", "[::1]:80")
    ]
    assert None is not problem(loopback, "http://127.0.0.1.evil.example/")
    assert None is problem(loopback, "https://127.0.0.1/")
    assert None is problem(proxied, "https://flexiti.shop.example:8443/#/x")
    assert None is problem(proxied, GOOD[0])
    assert None is not problem(proxied, "https://shop.example:8443/")
    assert None is not problem(proxied, "https://other.shop.example:8443/")


def test_configured_origins_replace_the_default() -> None:
    """`widget_origins` lists what is allowed, and nothing else is."""
    origins = WidgetOrigins.of(TRAINING, ("https://widget.example",))

    assert None is problem(origins, "https://widget.example/#/x")
    assert None is not problem(origins, GOOD[0])
    assert None is not problem(origins, "https://sub.widget.example/")


@pytest.mark.parametrize(
    "given",
    [
        "http://widget.example",
        "https://u@h",
        "widget.example",
        ["x"],
        5,
        "https://h/p",
        "https://h?x",
    ],
)
def test_origins_are_checked_by_the_configuration(given: object) -> None:
    """An origin is a scheme and a host, with base_url's scheme."""
    options: dict[str, Any] = {"client_id": "c", "client_secret": "s", "environment": "training"}
    options["widget_origins"] = given
    with pytest.raises(ConfigError, match="widget_origins"):
        FlexitiConfig(**options)


async def test_a_widget_that_leads_astray_is_no_answer(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """All three ways to call widget/init raise MalformedAnswer, without the URL."""
    session = make_session(retries=0)
    body = json.dumps({"redirection_url": "http://evil.example/#/widget/canary"})
    sandbox.fail("widget/init", times=None, status=200, body=body.encode())
    checkout = await session.checkout("order-1")
    for call in (
        session.init_widget(BUY),
        session.send(init_widget(BUY)),
        checkout.init_widget(BUY),
    ):
        with pytest.raises(MalformedAnswer, match="another origin") as caught:
            await call

        assert "evil" not in str(caught.value)


BOMBS: Final[dict[str, bytes]] = {
    "exponent": b'{"amount": 1e80000000}',
    "negative exponent": b'{"amount": 1e-80000000}',
    "quoted exponent": b'{"amount": "1e80000000"}',
    "unknown field": b'{"x": [{"y": 1E+99999}]}',
    "text": b'{"account_type": "%s"}' % (b"x" * 200_000),
    "depth": b'{"x": %s1%s}' % (b"[" * 400, b"]" * 400),
    "depth of objects": b'{"x":' * 70 + b"1" + b"}" * 70,
    "digits": b'{"amount": 0.%s}' % (b"1" * 5000),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_values_of_an_answer_are_bounded(
    make_session: MakeSession, sandbox: Sandbox, bomb: str
) -> None:
    """A hundred bytes cannot become a page of 107 MB, and no text blocks the loop."""
    session = make_session(retries=0)
    sandbox.fail("calculate-interest", status=200, body=BOMBS[bomb])

    with pytest.raises(MalformedAnswer):
        await session.send(calculate_interest(10000001, 1))


async def test_ordinary_answers_pass(make_session: MakeSession, sandbox: Sandbox) -> None:
    """Exponents, many brackets and long texts in unknown fields are kept exactly."""
    session: FlexitiSession = make_session()
    given = {"amount": 1, "x": [[{"y": n}] for n in range(200)], "z": "t" * 200_000}
    body = json.dumps(given).replace('"amount": 1', '"amount": 1234567890.12e3')
    sandbox.fail("calculate-interest", status=200, body=body.encode())
    plans = await session.send(calculate_interest(10000001, 1))

    assert Decimal(1234567890120) == plans.amount
    assert (given["x"], given["z"]) == (plans.extra["x"], plans.extra["z"])


@pytest.mark.parametrize("number", ["1e80000000", "1e-80000000"])
def test_numbers_of_an_event_are_bounded(number: str) -> None:
    """The browser's JSON has the same limits as an answer's."""
    event = f'{{"eventType": "flx-success", "eventData": {{"accountNumber": {number}}}}}'
    with pytest.raises(ValueError, match="wrong format"):
        parse_event(event)
