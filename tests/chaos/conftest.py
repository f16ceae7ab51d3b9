"""The processes of the chaos tests."""

from collections.abc import Iterator

import pytest

from ..crew.crew import Crew, WorkerHandle


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew[WorkerHandle]]:
    """Start the program that workers are forked from."""
    crew = Crew("tests.chaos.worker", WorkerHandle)
    yield crew
    crew.close()
