"""Processes of a shop, seen from the test that orders them about."""

from typing import Any

from attrs import define, frozen

from ..crew.crew import Hand

__all__ = ["Answers", "Worker"]


@frozen
class Answers:
    """
    What the coroutines of one process, or of several, were given.

    Attributes:
        tokens: The access tokens, each once.
        served: How many coroutines got one.
        failures: What the others got.
        took: Seconds until all of a process had theirs, by its own clock; the slowest counts.
    """

    tokens: frozenset[str]
    served: int
    failures: tuple[str, ...]
    took: float

    @classmethod
    def of(cls, several: list["Answers"]) -> "Answers":
        """Put together what several processes were given."""
        return cls(
            frozenset[str]().union(*(one.tokens for one in several)),
            sum(one.served for one in several),
            tuple(failure for one in several for failure in one.failures),
            max(one.took for one in several),
        )


@define(eq=False)
class Worker(Hand):
    """A process with a session."""

    async def open(self, config: dict[str, Any], *, mortal: bool = False) -> None:
        """Open a session; a mortal one can be armed, and its loads are counted."""
        await self.order("open", config=config, mortal=mortal)

    async def arm(self, point: str) -> None:
        """Let it kill itself at some point of its next flight."""
        await self.order("arm", point=point)

    async def shift(self, ahead: float = 0.0, *, wrong: float | None = None) -> None:
        """Put its clocks forward; set its wall clock wrong by so much."""
        await self.order("shift", ahead=ahead, wrong=wrong)

    async def token(self, times: int = 1, *, min_ttl: float | None = 0.0) -> Answers:
        """Let so many of its coroutines ask for the token at once."""
        answer: dict[str, Any] = await self.order("token", times=times, min_ttl=min_ttl)
        tokens, failures = frozenset[str](answer["tokens"]), tuple[str, ...](answer["failures"])
        return Answers(tokens, answer["served"], failures, answer["took"])

    async def widget(self, *, pinned: bool = True) -> str:
        """Let it call widget/init: `done`, or the error."""
        answer: str = await self.order("widget", pinned=pinned)
        return answer

    async def settle(self) -> None:
        """Wait until it has done what it does in the background."""
        await self.order("settle")

    async def loads(self) -> int:
        """Ask how often it has looked into the store."""
        number: int = await self.order("loads")
        return number
