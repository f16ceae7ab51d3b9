"""Where the processes of the chaos come from."""

from collections.abc import Iterator

import pytest

from ..crew.crew import Crew, Hand


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew[Hand]]:
    """Start the program that workers are forked from."""
    crew = Crew("tests.chaos.worker", Hand)
    yield crew
    crew.close()
