"""The processes of the benchmarks: each answers in time, or its failure is reported."""

import signal
import socket
from collections.abc import Iterator

import pytest

from .package import ROOT, make_importable


@pytest.fixture(autouse=True)
def benchmarks_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make them importable for tests and their processes."""
    make_importable(monkeypatch)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def deaf_target() -> Iterator[dict[str, object]]:
    """A target that accepts connections and never answers."""
    from benchmarks.harness.target import Target

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        yield Target(f"http://127.0.0.1:{port}").to_json()


async def test_late_child_answers_with_its_traceback(deaf_target: dict[str, object]) -> None:
    """An order that takes too long fails with the traceback, and the child goes on."""
    from benchmarks.harness.children import Child, ChildFailedError

    async with await Child.start("harness.cold", "hand_written") as child:
        for _ in range(2):
            with pytest.raises(ChildFailedError) as caught:
                await child.ask("checkout", within=0.2, target=deaf_target)
            text = str(caught.value)

            assert text.startswith("harness.cold hand_written: failed at 'checkout':")
            assert "in init_widget" in text
            assert "TimeoutError" in text


async def test_child_that_ends_shows_what_it_wrote() -> None:
    """A child that ends before it is ready fails at once, with its standard error."""
    from benchmarks.harness.children import Child, ChildFailedError

    with pytest.raises(ChildFailedError, match=r"nothing: ended at 'start'\n.*No module named"):
        await Child.start("nothing")


async def test_stopped_child_is_killed(
    deaf_target: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that does not answer at all is killed."""
    from benchmarks.harness import children

    monkeypatch.setattr(children, "_MORE_PATIENCE", 0.2)
    async with await children.Child.start("harness.cold", "hand_written") as child:
        child.process.send_signal(signal.SIGSTOP)
        with pytest.raises(children.ChildFailedError, match="did not answer 'checkout' within"):
            await child.ask("checkout", within=0.1, target=deaf_target)

        assert -signal.SIGKILL == child.process.returncode
