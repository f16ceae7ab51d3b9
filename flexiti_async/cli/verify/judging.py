"""How the assumptions are judged: an answer makes them confirmed, contradicted or open."""

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from attrs import field, frozen

from flexiti_async.cli.verify.exchange import Exchange, at
from flexiti_async.cli.verify.prober import OTHER_VERSION

__all__ = [
    "Evidence",
    "Judge",
    "Outcome",
    "Verdict",
    "confirmed",
    "contradicted",
    "exists",
    "has",
    "open_",
    "rejected",
    "succeeds",
    "unseen",
    "version",
]

_NO_PATH: Final = frozenset({404, 405})
_BLOCKED: Final = frozenset({429, 465, 466, 467})
_ERRORS: Final = range(400, 500)


class Outcome(enum.StrEnum):
    """The result of a run for an assumption."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    OPEN = "open"


@frozen
class Verdict:
    """
    The result of a run for one assumption.

    Attributes:
        outcome: Confirmed, contradicted or open.
        found: The answer, or why the assumption is still open.
        set: The option to set, with its value; empty if nothing has to be set.
    """

    outcome: Outcome
    found: str
    set: str = ""


@frozen
class Evidence:
    """
    The findings of a run.

    Attributes:
        exchanges: The exchanges by step.
        settings: The options of the configuration that the run used, by name.
        facts: Found beside the exchanges, by name: words, numbers and booleans.
    """

    exchanges: Mapping[str, Exchange]
    settings: Mapping[str, str]
    facts: Mapping[str, str | float | bool | None] = field(
        factory=dict[str, str | float | bool | None]
    )

    def first(self, *steps: str) -> Exchange | None:
        """Return the exchange of the first of some steps that was made and answered."""
        made = (self.exchanges.get(step) for step in steps)
        return next((each for each in made if each is not None and each.status is not None), None)


Judge: TypeAlias = Callable[[Evidence], Verdict]


def confirmed(found: str) -> Verdict:
    """Return the verdict that the API does what is assumed."""
    return Verdict(Outcome.CONFIRMED, found)


def contradicted(found: str, to_set: str = "") -> Verdict:
    """Return the verdict that it does something else, and which option to set."""
    return Verdict(Outcome.CONTRADICTED, found, to_set)


def open_(why: str) -> Verdict:
    """Return the verdict that this run does not say."""
    return Verdict(Outcome.OPEN, why)


def unseen(why: str) -> Judge:
    """Judge nothing: no call of a run can show it."""
    return lambda _: open_(why)


def _not_made(steps: Iterable[str]) -> Verdict:
    return open_(f"not called or not answered: {next(iter(steps))}")


def succeeds(*steps: str, to_set: str = "") -> Judge:
    """Judge whether the first of some steps succeeds; a 401 or a 5xx leaves it open."""

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(*steps)
        if made is None:
            return _not_made(steps)
        found = f"{made.step}: {made.summary}"
        if made.succeeded:
            return confirmed(found)
        if made.status in _ERRORS and made.status not in {401, *_BLOCKED}:
            return contradicted(found, to_set)
        return open_(f"{found}, read as {made.read}")

    return judge


def exists(*steps: str) -> Judge:
    """Judge whether there is an endpoint at the path and method of a step."""

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(*steps)
        if made is None:
            return _not_made(steps)
        found = f"{made.method} {made.path}: {made.summary}"
        status = made.status or 0
        if status in _NO_PATH:
            return contradicted(found) if made.code is None else open_(found)
        if status in _BLOCKED or status >= 500 or status == 401:
            return open_(found)
        return confirmed(found)

    return judge


def rejected(step: str, *expected: str) -> Judge:
    """
    Judge how a request that is wrong on purpose is answered.

    Args:
        step: Name of the step.
        expected: The answers that confirm the assumption: a status, or a status and a code.
    """

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(step)
        if made is None:
            return _not_made((step,))
        found = f"{made.step}: {made.summary}"
        if made.summary in expected or str(made.status) in expected:
            return confirmed(found)
        status = made.status or 0
        return open_(found) if status in _BLOCKED or status >= 500 else contradicted(found)

    return judge


def has(step: str, path: str, kind: type | tuple[type, ...], *instead: str) -> Judge:
    """
    Judge whether an answer has a field of a type.

    Args:
        step: Name of the step.
        path: The field; dots mean nesting, `0` the first item of a list.
        kind: Its type.
        instead: Fields that may be there instead, which contradicts the assumption.
    """

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(step)
        if made is None:
            return _not_made((step,))
        if made.data is None:
            return open_(f"{made.step}: {made.summary}, no JSON")
        value = at(made.data, path)
        if isinstance(value, kind):
            return confirmed(f"{path}: {type(value).__name__}")
        there = [name for name in instead if at(made.data, name) is not None]
        if there:
            return contradicted(f"{there[0]} in place of {path}")
        if value is not None:
            return contradicted(f"{path}: {type(value).__name__}")
        return open_(f"{made.step}: {made.summary}, without {path}")

    return judge


def version(endpoint: str, step: str, expected: str) -> Judge:
    """Judge whether an endpoint answers at its version, or at the other one only."""

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(step)
        if made is None:
            return _not_made((step,))
        found = f"{made.version}: {made.summary}"
        if made.version != expected:
            return open_(f"api_versions says {found}")
        if made.status not in _NO_PATH:
            good = made.status is not None and made.status < 500 and made.status != 401
            return confirmed(found) if good else open_(found)
        other = OTHER_VERSION[expected]
        again = evidence.first(f"{step} at {other}")
        if again is not None and again.status not in _NO_PATH:
            found = f"{found}; {other}: {again.summary}"
            return contradicted(found, f"api_versions: {endpoint}={other}")
        return open_(found)

    return judge
