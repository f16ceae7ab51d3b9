"""`flexiti-async demo --shop`: one command opens the demo shop."""

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
    """Run the installed script, and yield it with the shop's URL once that is printed."""
    with subprocess.Popen(
        [SCRIPT, "demo", "--shop", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shop:
        assert shop.stdout is not None
        first, second = shop.stdout.readline(), shop.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", first)
        assert found is not None
        assert "no account needed" in second
        try:
            yield shop, found[0]
        finally:
            shop.kill()


def see(url: str) -> str:
    """Return a page."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - the shop's own
        page: bytes = answer.read()
    return page.decode()


@pytest.mark.parametrize("workers", [1, 2])
def test_one_command(tmp_path: Path, workers: int) -> None:
    """The shop serves the printed URL, and stops with all its workers on a signal."""
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
    ("options", "message"),
    [
        (["--shop", "--workers", "2"], "add --store"),
        (["--shop", "--json"], "cannot be combined with --shop"),
        (["--shop", "--checkouts", "5"], "cannot be combined with --shop"),
        (["--workers", "2"], "require --shop"),
        (["--port", "8000"], "require --shop"),
    ],
)
def test_options_that_make_no_sense(command: Command, options: list[str], message: str) -> None:
    """An option that would have no effect is rejected with the reason."""
    ran = command("demo", *options)

    assert (2, "") == (ran.status, ran.out)
    assert message in ran.err


def test_a_shop_that_does_not_start(command: Command) -> None:
    """An unknown store is rejected before anything starts."""
    ran = command("demo", "--shop", "--store", "nothing://")

    assert (2, "") == (ran.status, ran.out)
    assert "nothing" in ran.err


def test_a_port_that_is_taken() -> None:
    """A shop that cannot listen ends the command; its own output says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = process("demo", "--shop", "--port", str(taken.getsockname()[1]))
    first, second = ran.errors

    assert (1, "") == (ran.status, ran.out)
    assert "is in use" in first
    assert "the shop did not start" in second
