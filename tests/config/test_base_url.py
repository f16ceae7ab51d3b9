"""Base URLs that a bearer token may be sent to: TLS, or loopback."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async import ConfigError, FlexitiConfig
from flexiti_async.config.parsing import is_loopback, problem_with_base_url

TLS_ONLY = (
    "must be https: plain http is for loopback only; set allow_plain_http for a sandbox in another "
    "container"
)
NEVER = "must be https: plain http would show the client secret to anybody on the way"
NO_URL = "is not a URL"
NO_WEB = "must look like https://host/flexiti/pos-api"


@pytest.mark.parametrize(
    "url",
    [
        "https://posapi.flexiti.fi/flexiti/pos-api",
        "https://posapi.flexiti.fi/flexiti/pos-api/",
        "https://host",
        "https://host:8443/a",
        "HTTPS://HOST/a",
        "https://10.0.0.1/a",
        "http://localhost:8080/flexiti/pos-api",
        "http://LOCALHOST/a",
        "http://127.0.0.1/a",
        "http://127.8.9.10:1/a",
        "http://[::1]:8080/a",
    ],
)
def test_accepted(url: str) -> None:
    """TLS to any host, and plain http to loopback, are accepted."""
    assert problem_with_base_url(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://posapi.flexiti.fi/a", NEVER),
        ("http://10.0.0.1/a", TLS_ONLY),
        ("http://0.0.0.0/a", TLS_ONLY),
        ("http://[::2]/a", TLS_ONLY),
        ("http://localhost.evil.example/a", TLS_ONLY),
        ("http://127.0.0.1.evil.example/a", TLS_ONLY),
        ("http://evil.example/127.0.0.1", TLS_ONLY),
        ("http://127.0.0.1@evil.example/a", TLS_ONLY),
        ("http://evil.example:80#@127.0.0.1/", TLS_ONLY),
        ("", NO_WEB),
        ("posapi.flexiti.fi", NO_WEB),
        ("//posapi.flexiti.fi/a", NO_WEB),
        ("https:///a", NO_WEB),
        ("https://:443/a", NO_WEB),
        ("ftp://host/a", NO_WEB),
        ("file:///etc/passwd", NO_WEB),
        ("javascript:alert(1)", NO_WEB),
        ("https://ho st/a", NO_WEB),
        ("https://evil.example\\@host/a", NO_WEB),
        ("https://host/a\tb", NO_WEB),
        ("https://ho\N{SOFT HYPHEN}st/a", NO_WEB),
        ("https://[::1/a", NO_URL),
        ("https://host:port/a", NO_URL),
        ("https://host:99999/a", NO_URL),
        ("https://user:canary@host/a", "must not contain credentials"),
        ("https://user@host/a", "must not contain credentials"),
        ("https://:canary@host/a", "must not contain credentials"),
        ("https://@host/a", "must not contain credentials"),
        ("https://host/a?b=canary", "must not have a query or a fragment"),
        ("https://host/a#canary", "must not have a query or a fragment"),
    ],
)
def test_rejected(url: str, problem: str) -> None:
    """Every other URL is rejected with the reason, and not quoted."""
    assert problem == problem_with_base_url(url)


@pytest.mark.parametrize(
    "host", ["sandbox:8099", "10.0.0.5", "notflexiti.fi", "flexiti.fi.example"]
)
def test_plain_http_is_allowed_by_an_option(host: str) -> None:
    """A sandbox in another container speaks plain http."""
    url = f"http://{host}/flexiti/pos-api"

    assert TLS_ONLY == problem_with_base_url(url)
    assert None is problem_with_base_url(url, allow_plain_http=True)
    made = FlexitiConfig(client_id="c", client_secret="s", base_url=url, allow_plain_http=True)
    assert url == made.api_url


@pytest.mark.parametrize(
    "host",
    [
        *("flexiti.fi", "posapi.flexiti.fi", "posapi-mi.flexiti.fi.", "POSAPI.FLEXITI.FI:8080"),
        *("a.b.flexiti.fi", "posapi.flexiti\N{IDEOGRAPHIC FULL STOP}fi"),
    ],
)
def test_plain_http_is_never_allowed_at_flexiti(host: str) -> None:
    """The client secret goes to Flexiti over TLS, or not at all."""
    url = f"http://{host}/flexiti/pos-api"

    assert NEVER == problem_with_base_url(url, allow_plain_http=True)


def test_plain_http_is_not_allowed_for_an_environment() -> None:
    """Flexiti's environments are https; so is an option that says otherwise a mistake."""
    with pytest.raises(ConfigError, match="allow_plain_http: is for base_url") as caught:
        FlexitiConfig(
            client_id="c", client_secret="s", environment="training", allow_plain_http=True
        )
    assert "allow_plain_http" == caught.value.option


@given(st.text())
def test_every_text_has_a_result(url: str) -> None:
    """Any text is accepted or rejected, and plain http only accepted for loopback."""
    problem = problem_with_base_url(f"http://{url}")

    assert problem is not None or "127." in url or "::1" in url or "localhost" in url.lower()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost.", False),
        ("127.1", False),
        ("2130706433", False),
        ("128.0.0.1", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    """A host is loopback by its text alone: no DNS lookup, no short forms."""
    assert expected is is_loopback(host)
