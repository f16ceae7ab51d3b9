"""`flexiti-async demo --shop`: one command, and a shop to click through."""

import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..support.patience import PATIENCE
from .conftest import SCRIPT, Command, process


@contextmanager
def running(*options: str) -> Generator[tuple["subprocess.Popen[str]", str], None, None]:
    """Run the installed script, and give it with the shop's URL once it has told it."""
    with subprocess.Popen(
        [SCRIPT, "demo", "--shop", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shop:
        assert shop.stdout is not None
        told, below = shop.stdout.readline(), shop.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", told)
        assert found is not None
        assert "a sandbox: no account" in below
        try:
            yield shop, found[0]
        finally:
            shop.kill()


def see(url: str) -> str:
    """Look at a page."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - the shop's own
        page: bytes = answer.read()
    return page.decode()


@pytest.mark.parametrize("workers", [1, 2])
def test_one_command(tmp_path: Path, workers: int) -> None:
    """The shop stands at the URL that is printed, and ends with all its workers on a signal."""
    with running("--workers", str(workers), "--store", f"file://{tmp_path}/tokens") as (shop, url):
        page = see(url)
        shop.send_signal(signal.SIGTERM)
        _, err = shop.communicate(timeout=PATIENCE)

    assert "Pay with Flexiti" in page
    assert 0 == shop.returncode
    assert "note: token requests: 0, widget/init: 0, authorizations: 0\n" == err
    with pytest.raises(OSError, match="refused"):
        see(url)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--shop", "--workers", "2"], "add --store"),
        (["--shop", "--json"], "do not go with --shop"),
        (["--shop", "--checkouts", "5"], "do not go with --shop"),
        (["--workers", "2"], "go with --shop"),
        (["--port", "8000"], "go with --shop"),
    ],
)
def test_options_that_make_no_sense(command: Command, options: list[str], told: str) -> None:
    """An option that would do nothing is refused, with the reason."""
    ran = command("demo", *options)

    assert (2, "") == (ran.status, ran.out)
    assert told in ran.err


def test_a_shop_that_does_not_start(command: Command) -> None:
    """A store that there is not is refused before anything starts."""
    ran = command("demo", "--shop", "--store", "nothing://")

    assert (2, "") == (ran.status, ran.out)
    assert "nothing" in ran.err


def test_a_port_that_is_taken() -> None:
    """A shop that cannot listen ends the command; what it says itself stands above."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = process("demo", "--shop", "--port", str(taken.getsockname()[1]))
    first, second = ran.errors

    assert (1, "") == (ran.status, ran.out)
    assert "is in use" in first
    assert "the shop does not start" in second
