"""A shop's session on a store that fails on demand, and what its listeners and its log have got."""

import logging
from collections.abc import Callable

import pytest
from attrs import define, field

from flexiti_async import FlexitiSession
from flexiti_async.events import Event
from flexiti_async.events.types import OperationEvent
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession

QUICK = {
    "request_timeout": 2.0,
    "connect_timeout": 1.0,
    "store_timeout": 0.2,
}
"""Time-outs of sessions whose operations are to be given up: 3.4 s in all."""


@define
class Seen:
    """The events of a session."""

    events: list[Event] = field(factory=list[Event])

    @property
    def operations(self) -> list[str]:
        """Names of the events about operations."""
        return [type(one).__name__ for one in self.events if isinstance(one, OperationEvent)]


@pytest.fixture
def faulty(clock: ManualClock) -> FaultyStore:
    """Return a store that fails on demand."""
    return FaultyStore(clock.boot)


@pytest.fixture
def shop(make_session: MakeSession, faulty: FaultyStore) -> Callable[..., FlexitiSession]:
    """Return a function that opens sessions on that store; each is like a process."""

    def open_one(**options: object) -> FlexitiSession:
        return make_session(**{"store": faulty, **options})

    return open_one


@pytest.fixture
def watched(caplog: pytest.LogCaptureFixture) -> Callable[[FlexitiSession], Seen]:
    """Return a function that records a session's events; the log is recorded, too."""
    caplog.set_level(logging.DEBUG)

    def watch(session: FlexitiSession) -> Seen:
        seen = Seen()
        session.events.add(seen.events.append)
        return seen

    return watch
