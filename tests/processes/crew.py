"""The test's side of the processes of a shop."""

from typing import Any

from attrs import define, frozen

from ..crew.crew import WorkerHandle

__all__ = ["Answers", "Worker"]


@frozen
class Answers:
    """
    The results of the coroutines of one process, or of several.

    Attributes:
        tokens: The distinct access tokens.
        served: How many coroutines got one.
        failures: The errors of the others.
        took: Seconds until all coroutines of the slowest process had a token, by its own clock.
    """

    tokens: frozenset[str]
    served: int
    failures: tuple[str, ...]
    took: float

    @classmethod
    def of(cls, several: list["Answers"]) -> "Answers":
        """Merge the results of several processes."""
        return cls(
            frozenset[str]().union(*(one.tokens for one in several)),
            sum(one.served for one in several),
            tuple(failure for one in several for failure in one.failures),
            max(one.took for one in several),
        )


@define(eq=False)
class Worker(WorkerHandle):
    """A process with a session."""

    async def open(self, config: dict[str, Any], *, mortal: bool = False) -> None:
        """Open a session; a mortal one can be armed, and its reads of the store are counted."""
        await self.order("open", config=config, mortal=mortal)

    async def arm(self, point: str) -> None:
        """Let it kill itself at a point of its next refresh."""
        await self.order("arm", point=point)

    async def shift(self, ahead: float = 0.0, *, wrong: float | None = None) -> None:
        """Advance its clocks, and set its wall clock wrong."""
        await self.order("shift", ahead=ahead, wrong=wrong)

    async def token(self, times: int = 1, *, min_ttl: float | None = 0.0) -> Answers:
        """Let coroutines of the process ask for the token, all at once."""
        answer: dict[str, Any] = await self.order("token", times=times, min_ttl=min_ttl)
        tokens, failures = frozenset[str](answer["tokens"]), tuple[str, ...](answer["failures"])
        return Answers(tokens, answer["served"], failures, answer["took"])

    async def widget(self, *, pinned: bool = True) -> str:
        """Let it call widget/init, and return `done` or the error."""
        answer: str = await self.order("widget", pinned=pinned)
        return answer

    async def settle(self) -> None:
        """Wait for its background tasks."""
        await self.order("settle")

    async def loads(self) -> int:
        """Return how often it has read the store."""
        number: int = await self.order("loads")
        return number
