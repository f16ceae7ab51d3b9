"""
Plans drawn from a seed.

A seed yields the same plan on every machine and Python. Its results differ from run to run:
processes, a store and a network take part.
"""

import random
from collections.abc import Iterator
from typing import Final

from flexiti_async.protocol.points import POINTS

from .plan import DISTURBANCES, INTERRUPT, KILL, SLOW, Act, Plan, Verb

__all__ = ["make_plan"]

_WORK: Final = {Verb.TOKEN: 20, Verb.SEND: 4, Verb.WIDGET: 2, Verb.OPEN: 3}
_LENGTHS: Final = {
    Verb.STOP: 2.5,
    Verb.CUT: 1.0,
    Verb.OUTAGE: 0.8,
    Verb.LOSE: 1.0,
    Verb.THROTTLE: 0.8,
    Verb.FAIL: 1.5,
    Verb.SLOW: 1.0,
    Verb.HANG: 1.0,
    Verb.STORE_OUTAGE: 1.5,
    Verb.STORE_STALL: 1.2,
}
"""The most seconds that each lasts; the others are instantaneous."""

# Checkouts pin customer tokens, which are then not refreshed; merchant tokens are.
_SCOPES: Final = ("customer", "merchant", "merchant")
_WIDGETS: Final = ("purchase", "purchase", "apply")

_WORK_PER_SECOND: Final = 12.0
"""Calls per second of each process."""
_QUIET: Final = (0.3, 1.2)
"""Range of the mean seconds between two disturbances."""
_KINDS: Final = (2, 8)
"""
Range of the number of kinds of trouble in a plan. Not all kinds: some show only without others,
such as the lost answer of a refresh, which never happens if all tokens are revoked all the time.
"""
_POINTS: Final = tuple(point for point in POINTS if not point.startswith("operation"))
"""Points that the work reaches; a refresh, which no caller owns, is interrupted as well."""
_POINTS_OF_TOKENS: Final = tuple(point for point in _POINTS if point.startswith("token"))
_ARMED: Final = 2.0
"""The most seconds for which a point is armed."""
_WIDEST: Final = 3600.0
"""The most seconds by which a clock is wrong."""


def make_plan(seed: int, *, seconds: float = 6.0, workers: int = 3) -> Plan:
    """
    Return the plan of a seed.

    One in three has faults at points of the library as well, which leave the others as they are.
    """
    dice = random.Random(f"chaos {seed}")  # noqa: S311 - not a secret
    lifetime = dice.randint(4, 6)
    acts = [
        act
        for worker in range(workers)
        for act in _work(dice, worker, seconds=seconds, workers=workers, lifetime=lifetime)
    ]
    acts += _disturbances(dice, seconds=seconds, workers=workers)
    if seed % 3 == 1:
        acts += _points(seed, seconds=seconds, workers=workers)
    return Plan(seed, seconds, workers, lifetime, tuple(sorted(acts, key=lambda act: act.at)))


def _moments(dice: random.Random, until: float, mean: float) -> Iterator[float]:
    at = dice.expovariate(1 / mean)
    while at < until:
        yield round(at, 3)
        at += dice.expovariate(1 / mean)


def _reference_id(dice: random.Random) -> str:
    return f"{dice.getrandbits(128):032x}"


def _work(
    dice: random.Random, worker: int, *, seconds: float, workers: int, lifetime: int
) -> Iterator[Act]:
    """Yield the calls that web requests cause in one process."""
    for at in _moments(dice, seconds, 1 / _WORK_PER_SECOND):
        verb = dice.choices(list(_WORK), list(_WORK.values()))[0]
        if verb is Verb.OPEN:
            yield from _flow(dice, at, worker, workers=workers, lifetime=lifetime)
        elif verb is Verb.WIDGET:
            yield Act(at, verb, worker, dice.choice(_WIDGETS), _reference_id(dice))
        else:
            flow = _reference_id(dice) if verb is Verb.SEND else ""
            yield Act(at, verb, worker, dice.choice(_SCOPES), flow)


def _flow(
    dice: random.Random, at: float, worker: int, *, workers: int, lifetime: int
) -> Iterator[Act]:
    """Yield the steps of a checkout: all in one process, or each in another one."""
    flow = _reference_id(dice)
    what = dice.choice(_WIDGETS)
    travels = dice.random() < 0.5
    yield Act(at, Verb.OPEN, worker, "saved" if travels else "kept", flow)
    for _ in range(dice.randint(1, 3)):
        at = round(at + dice.uniform(0.05, lifetime / 5), 3)
        yield Act(at, Verb.STEP, dice.randrange(workers) if travels else worker, what, flow)


def _disturbances(dice: random.Random, *, seconds: float, workers: int) -> Iterator[Act]:
    drawn = [verb for verb, weight in DISTURBANCES.items() if weight]
    kinds = dice.sample(drawn, dice.randint(*_KINDS))
    for at in _moments(dice, seconds - 0.5, dice.uniform(*_QUIET)):
        verb = dice.choices(kinds, [DISTURBANCES[kind] for kind in kinds])[0]
        longest = _LENGTHS.get(verb, 0.0)
        lasts = round(min(dice.uniform(0.1, longest), seconds - at), 3) if longest else 0.0
        worker: int | None = None
        what, number = "", 0.0
        if verb in {Verb.KILL, Verb.END, Verb.STOP, Verb.CLOCK}:
            worker = dice.randrange(workers)
        if verb is Verb.CUT and dice.random() < 0.7:
            # The sandbox recognizes only processes that lend their client session, with a mark.
            worker = dice.randrange(1, workers, 2) if workers > 1 else None
        if verb in {Verb.THROTTLE, Verb.FAIL, Verb.HANG}:
            what = dice.choice(("oauth/token", "oauth/token", "widget/init"))
        if verb is Verb.REVOKE:
            what = dice.choice(_SCOPES)
        if verb is Verb.CLOCK:
            number = round(dice.uniform(-_WIDEST, _WIDEST), 1)
        if verb is Verb.THROTTLE:
            number = dice.choice((429, 503))
        if verb is Verb.SLOW:
            number = round(dice.uniform(0.02, 0.4), 3)
        yield Act(at, verb, worker, what, "", lasts, number)


def _points(seed: int, *, seconds: float, workers: int) -> Iterator[Act]:
    """Yield faults at points of the library."""
    dice = random.Random(f"points {seed}")  # noqa: S311 - not a secret
    for at in _moments(dice, seconds - 0.5, 1.0):
        effect = dice.choice((SLOW, INTERRUPT, KILL))
        what = dice.choice(_POINTS_OF_TOKENS if effect == INTERRUPT else _POINTS)
        lasts = round(min(dice.uniform(0.5, _ARMED), seconds - at), 3)
        yield Act(at, Verb.POINT, dice.randrange(workers), what, "", lasts, effect)
