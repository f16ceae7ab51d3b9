"""`with Sandbox()`: it serves from a thread of its own, whatever the loops of a test do."""

import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from yarl import URL

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.sandbox import RequestRecord, Sandbox

from ..support.patience import PATIENCE


def request_token(sandbox: Sandbox) -> int:
    """Request a token without any event loop, and return the status."""
    form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    headers = {
        "x-reference-id": "0" * 32,
        "content-type": "application/x-www-form-urlencoded",
    }
    url = URL(sandbox.base_url)
    with closing(HTTPConnection(sandbox.host, sandbox.port, timeout=PATIENCE)) as http:
        http.request("POST", f"{url.path}/v2.5/oauth/token", urlencode(form), headers)
        return http.getresponse().status


def test_it_serves_without_a_loop() -> None:
    """A sync test makes requests, and reads what the sandbox has seen."""
    with Sandbox() as sandbox:
        assert 200 == request_token(sandbox)
        assert 1 == sandbox.count("oauth/token", status=200) == sandbox.tokens_issued
    assert "flexiti-sandbox" not in {thread.name for thread in threading.enumerate()}


def test_it_starts_again_on_the_same_port() -> None:
    """An outage of a sync test: tokens survive it."""
    sandbox = Sandbox()
    with sandbox:
        port = sandbox.port
        request_token(sandbox)
    with pytest.raises(OSError, match="refused"):
        request_token(sandbox)
    with sandbox:
        request_token(sandbox)

        assert (port, 2) == (sandbox.port, sandbox.tokens_issued)


async def test_it_is_stopped_from_another_loop(
    flexiti: FlexitiSession, flexiti_sandbox: Sandbox
) -> None:
    """`aclose` and `start` work as without a thread; a second start is an error."""
    await flexiti_sandbox.aclose()
    await flexiti_sandbox.start()
    await flexiti.init_widget(PurchaseWidget(account_number=10000001))
    with pytest.raises(RuntimeError, match="already running"):
        await flexiti_sandbox.start()
    with pytest.raises(RuntimeError, match="already running"), flexiti_sandbox:
        pass

    assert 1 == flexiti_sandbox.count("widget/init", status=200)


def test_no_request_is_seen_half_processed() -> None:
    """A thread that reads waits for the request that is being processed."""
    order: list[str] = []
    processing, go_on = threading.Event(), threading.Event()

    def hold(_: RequestRecord) -> None:
        processing.set()
        ends = time.monotonic() + PATIENCE
        while not go_on.is_set() and time.monotonic() < ends:
            pass  # a wait would be reported as blocking a loop

    with Sandbox(on_request=hold) as sandbox:

        def read() -> None:
            order.append(f"{len(sandbox.requests)} read")

        sender = threading.Thread(target=request_token, args=[sandbox])
        reader = threading.Thread(target=read)
        sender.start()
        processing.wait(PATIENCE)
        reader.start()
        reader.join(0.1)  # it must not come through; it gets the chance to
        order.append("processed")
        go_on.set()
        reader.join()
        sender.join()

    assert ["processed", "1 read"] == order


def test_a_start_that_fails_leaves_no_thread() -> None:
    """The address is taken: the error is raised here, and the thread ends."""
    with Sandbox() as first, pytest.raises(OSError, match="in use"), Sandbox(port=first.port):
        pass

    assert "flexiti-sandbox" not in {thread.name for thread in threading.enumerate()}
