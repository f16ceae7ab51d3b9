"""Two clients that take turns at whole calls of widget/init."""

from typing import Final

from attrs import define, field, frozen

from benchmarks.harness.children import LOOPS, Child
from benchmarks.harness.latency import Latencies
from benchmarks.harness.measure import interleaved
from benchmarks.peers import WHAT

__all__ = ["Duel", "Subject"]

_FIRST_CALLS: Final = 100
"""Calls, at least, from which the number of a round is computed."""


@define
class Subject:
    """One peer on one event loop, and its measurements at one number of calls in flight."""

    peer: str
    loop: str
    child: Child
    number: int = 0
    cpu: list[float] = field(factory=list[float])
    rate: list[float] = field(factory=list[float])
    latencies: Latencies = field(factory=Latencies)

    @property
    def name(self) -> str:
        return WHAT[self.peer] + ("" if self.loop == LOOPS[0] else f", {self.loop}")

    async def calibrate(self, in_flight: int, seconds: float) -> None:
        """Measure how many calls fill a round."""
        number = max(_FIRST_CALLS, 4 * in_flight)
        taken = await self.child.ask("calls", number=number, in_flight=in_flight)
        self.number = max(round(number / taken["wall"] * seconds), 4 * in_flight)

    async def play(self, in_flight: int) -> None:
        """Play one round."""
        taken = await self.child.ask("calls", number=self.number, in_flight=in_flight)
        self.cpu.append(taken["cpu"] / self.number)
        self.rate.append(self.number / taken["wall"])
        self.latencies.add(Latencies.decode(taken["latencies"]))


@frozen
class Duel:
    """
    Two clients that take turns, without the others: a goal compares them.

    In a round of all clients, seconds pass between the two, and a busy machine changes faster.
    """

    ours: Subject
    other: Subject
    in_flight: int

    @property
    def where(self) -> str:
        return f"{self.in_flight} in flight, {self.ours.loop}"

    async def play(self, turns: int, seconds: float) -> None:
        """Play all turns; a turn takes some seconds."""
        for subject in (self.ours, self.other):
            await subject.calibrate(self.in_flight, seconds)
        for subject in interleaved((self.ours, self.other), turns):
            await subject.play(self.in_flight)
