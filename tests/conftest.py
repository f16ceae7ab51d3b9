"""Fixtures of many tests: a sandbox, and sessions on it that share one clock, moved by hand."""

import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, Protocol, TypeVar, cast

import hypothesis
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, InStoreCheckout, OnlineCheckout
from flexiti_async.events.log import log_states
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock
from flexiti_stores.memory import MemoryStore

from .support import measured
from .support.blocking import no_blocking
from .support.engines import ENGINES, use_engine
from .support.leftovers import Leftovers
from .support.patience import PATIENT

MakeSession = Callable[..., FlexitiSession]
C = TypeVar("C", OnlineCheckout, InStoreCheckout)


class PassOn(Protocol):
    """Passes a checkout on to its next step: as it is, or resumed in another process."""

    async def __call__(self, checkout: C) -> C:
        """Return the checkout for the next step."""
        ...


ONE_PYTHON = (
    "tests/benchmarks/",
    "tests/chaos/",
    "tests/checkout/test_machine.py",
    "tests/checkout/test_purchase.py",
    "tests/cli/test_completion.py",
    "tests/cli/test_demo.py",
    "tests/cli/test_demo_shop.py",
    "tests/cli/test_doctor.py",
    "tests/cli/test_doctor_outage.py",
    "tests/cli/test_load.py",
    "tests/cli/test_narrow.py",
    "tests/cli/test_sandbox.py",
    "tests/cli/test_verify.py",
    "tests/cli/test_main.py::test_a_command_imports_no_other",
    "tests/demo/",
    "tests/events/test_log_switch.py",
    "tests/examples/",
    "tests/fuzz/",
    "tests/integrations/test_late_errors.py",
    "tests/integrations/test_instrumentation.py",
    "tests/integrations/test_telemetry_example.py",
    "tests/integrations/test_workers.py",
    "tests/integrations/test_django.py::test_runserver_has_a_session",
    "tests/integrations/test_django.py::test_wsgi_is_refused",
    "tests/models/",
    "tests/processes/",
    "tests/simulation/",
    "tests/project/test_docs.py",
    "tests/project/test_programs.py",
    "tests/project/test_readme.py",
    "tests/project/test_site.py",
    "tests/project/test_tutorial.py",
    "tests/sandbox/test_blocked_loop.py",
    "tests/stores/test_clocks_set_back.py",
    "tests/stores/test_histories.py",
    "tests/stores/test_redis_lives.py",
    "tests/stores/test_redis_topologies.py",
    "tests/stores/test_readme_store.py",
    "tests/tokens/test_machine.py",
    "tests/transport/engines/",
    "::test_processes_lose_no_write",
    "::test_10_000_races_lose_and_tear_nothing",
    "::test_the_public_surface_changes_only_on_purpose",
)
"""Parts of the names of slow tests that do not depend on the Python."""


LONG_FIRST = (
    "tests/project/test_docs.py",
    "tests/processes/test_wrong_clocks.py",
    "tests/examples/test_frameworks.py",
    "tests/stores/test_redis_topologies.py",
    "tests/tokens/test_machine.py",
    "tests/checkout/test_machine.py",
    "tests/models/",
    "tests/cli/test_narrow.py",
    "tests/cli/test_sandbox.py",
    "tests/processes/",
    "tests/chaos/",
    "tests/stores/",
    "tests/cli/",
    "tests/examples/",
    "tests/operations/test_second_callers.py",
    "tests/session/test_loops_and_forks.py",
    "tests/transport/",
)
"""
Parts of the names of slow tests, the slowest first.

They start first, so that no process is left with one of them at the end. pytest-xdist has to keep
this order: `--no-loadscope-reorder`.
"""

# No test is about the duration of an example, which depends on the machine's load.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the engine of all tests that do not name one, for `nox -s engine`."""
    parser.addoption("--http", choices=ENGINES, default=ENGINES[0], help="the HTTP engine")


def pytest_configure(config: pytest.Config) -> None:
    """
    Measure the coverage of this process, or of the workers of pytest-xdist, and of no other.

    A shell starts its background jobs with SIGINT ignored, and every process that a test starts
    would inherit that: Ctrl-C is handled here as in the foreground.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None or not config.getoption("numprocesses", default=None):
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    measured.announce("the main process" if worker is None else str(worker["workerid"]))


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of the garbage collections of all tests."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Save the coverage while pytest-xdist still waits for this process."""
    measured.save()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """
    Mark the tests that run on one Python, before `-m` is applied, and start the slow ones first.
    """
    for item in items:
        if any(part in item.nodeid for part in ONE_PYTHON):
            item.add_marker(pytest.mark.one_python)
    yield
    items.sort(key=_place_in_order)


def _place_in_order(item: pytest.Item) -> int:
    """Return the index of a test in LONG_FIRST, and its length for all others."""
    places = (place for place, part in enumerate(LONG_FIRST) if part in item.nodeid)
    return next(places, len(LONG_FIRST))


@pytest.fixture(autouse=True)
def _the_log_has_room() -> None:
    """Begin each test like a process: lines of other tests leave none of its own out."""
    log_states().reset()


@pytest.fixture(scope="session", autouse=True)
def _engine_of_all_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Use the engine of the command line."""
    with pytest.MonkeyPatch.context() as patch:
        use_engine(patch, str(request.config.getoption("--http")))
        yield


@pytest.fixture(params=ENGINES)
def both_engines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test over each engine, and return its name."""
    name: str = request.param
    use_engine(monkeypatch, name)
    return name


@pytest.fixture(scope="session", autouse=True)
def _loops_are_not_blocked() -> Iterator[None]:
    """Raise on every blocking call of the library in a running loop."""
    with no_blocking():
        yield


@pytest.fixture(scope="session", autouse=True)
def leftovers() -> Iterator[Leftovers]:
    """Watch every event loop, and fail at the end for leftovers of fixtures with a wider scope."""
    left = Leftovers()
    with pytest.MonkeyPatch.context() as patch:
        left.watch(patch)
        yield left
    assert [] == left.found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(leftovers: Leftovers) -> Iterator[None]:
    """Fail a test that leaves a task, a socket or a client session open."""
    yield
    assert [] == leftovers.take()


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that the test moves."""
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """Yield a running sandbox; its time is the test's, its wall clock its own."""
    offset = clock.wall() - clock.boot()
    async with Sandbox(clock=lambda: offset + clock.boot()) as running:
        yield running


@pytest.fixture
def store(clock: ManualClock) -> MemoryStore:
    """Return a memory store on the test's clock."""
    return MemoryStore(clock=clock.boot)


@pytest.fixture
async def make_session(
    sandbox: Sandbox, clock: ManualClock, store: MemoryStore
) -> AsyncIterator[MakeSession]:
    """Yield a function that opens sessions on the sandbox, and close them afterwards."""
    made: list[FlexitiSession] = []

    def make(**options: Any) -> FlexitiSession:
        given: dict[str, Any] = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "base_url": sandbox.base_url,
            "store": store,
            **PATIENT,
            **options,
        }
        session = FlexitiSession(FlexitiConfig(**given), clock=clock)
        made.append(session)
        return session

    yield make
    for session in made:
        await session.aclose()


@pytest.fixture
def session(make_session: MakeSession) -> FlexitiSession:
    """Return a session on the sandbox."""
    return make_session()


@pytest.fixture(params=["one process", "a process a step"])
def pass_on(request: pytest.FixtureRequest, make_session: MakeSession) -> PassOn:
    """Return how a checkout passes between two steps: in one process, or resumed in another."""

    async def keep(checkout: C) -> C:
        return checkout

    async def resume(checkout: C) -> C:
        another = make_session()
        in_store = isinstance(checkout, InStoreCheckout)
        resumed = another.resume_in_store if in_store else another.resume
        return cast("C", await resumed(checkout.reference_id))

    return keep if request.param == "one process" else resume
