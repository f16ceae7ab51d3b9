"""`FLEXITI_LOG`: one switch for the library's log, which is left alone without it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from flexiti_async import FlexitiConfig
from flexiti_async.errors import ConfigError
from flexiti_async.sandbox import Sandbox

SHOP = """
import asyncio, logging, sys
import flexiti_async
from flexiti_async import FlexitiSession, PurchaseWidget

ours = logging.getLogger("flexiti_async")
assert (0, []) == (ours.level, ours.handlers), "an import has configured logging"
if "configured" in sys.argv:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="app %(message)s")


async def main():
    for _ in range(2):
        async with FlexitiSession.from_env() as flexiti:
            await flexiti.init_widget(PurchaseWidget(account_number=20009100))


asyncio.run(main())
"""


def run(sandbox: Sandbox, *arguments: str, **variables: str) -> tuple[str, str]:
    """Run a shop in a process of its own; return what it has written to stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", SHOP, *arguments],
        env={
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
            "FLEXITI_BASE_URL": sandbox.base_url,
            **variables,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return a sandbox whose clock is the machine's."""
    with Sandbox() as sandbox:
        yield sandbox


def test_the_switch(sandbox: Sandbox) -> None:
    """Debug lines go to stderr once each, or to the application's own handler, masked."""
    assert ("", "") == run(sandbox)

    out, err = run(sandbox, FLEXITI_LOG="debug")
    assert ("", 2) == (out, err.count("DEBUG flexiti_async.call: widget/init: done in"))
    assert 2 == err.count("INFO flexiti_async.token: token ")
    assert sandbox.client_secret not in err
    assert "Bearer" not in err

    out, err = run(sandbox, "configured", FLEXITI_LOG="info")
    assert ("", 0, 2) == (err, out.count("widget/init"), out.count("app token "))


def test_a_wrong_level_lists_the_right_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the option and the levels."""
    monkeypatch.setenv("FLEXITI_LOG", "verbose")
    with pytest.raises(ConfigError, match="one of debug, info, warning, error") as caught:
        FlexitiConfig.load(client_id="shop", client_secret="secret", environment="training")

    assert "log" == caught.value.option
