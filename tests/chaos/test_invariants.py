"""The rules of the chaos are seen to fail: processes that misbehave, one after each kind."""

import asyncio
from collections.abc import Sequence

import pytest
from attrs import evolve

from ..crew.crew import Crew, Hand
from .driver import run
from .evidence import Deed, Evidence, Report
from .invariants import RULES, Violation, violations
from .limits import CALL_TIMEOUT, MARGIN
from .misdeeds import MISDEEDS
from .plan import Act, Plan, Verb
from .telling import complaint

LIFETIME = 2
CULPRITS = {
    "resend": "no refresh token is sent twice",
    "use after end": "no token is used after its end",
    "change token": "no checkout changes its token",
    "hang": "every caller is answered in time",
    "block": "every caller is answered in time",
    "compute": "every caller is answered in time",
    "never answer": "every caller is answered in time",
    "raise untyped": "every error is typed",
    "leave task": "no task, thread or socket is left",
    "leave socket": "no task, thread or socket is left",
    "starve": "who is healthy again gets a token",
}
"""Misdeeds, and the rules that they break; the number of each one's process is its place."""

HONEST, STOPPED = len(CULPRITS), len(CULPRITS) + 1
STOPPED_FOR = 4.5
ASKED_AT = 0.4


def _flow(number: int) -> str:
    return f"{number + 1:032x}"


def _plan() -> Plan:
    """Let each process do its misdeed, one do nothing wrong, and one be stopped amid a call."""
    acts: list[Act] = []
    for number, misdeed in enumerate(CULPRITS):
        flow = _flow(number)
        if misdeed == "change token":
            acts += [
                Act(0.0, Verb.OPEN, number, "put down", flow),
                Act(0.1, Verb.STEP, number, "purchase", flow),
            ]
        acts.append(Act(0.5, Verb.MISDEED, number, misdeed, flow))
    acts += [
        Act(0.2, Verb.OPEN, HONEST, "held", _flow(HONEST)),
        Act(0.3, Verb.STEP, HONEST, "apply", _flow(HONEST)),
        Act(0.3, Verb.STOP, STOPPED, seconds=STOPPED_FOR),
        Act(ASKED_AT, Verb.TOKEN, STOPPED, "customer"),
    ]
    acts.sort(key=lambda act: act.at)
    return Plan(0, 1.0, len(CULPRITS) + 2, LIFETIME, tuple(acts))


@pytest.fixture(scope="module")
def seen(crew: Crew[Hand]) -> Evidence:
    """Give what was seen when everybody misbehaved."""
    return asyncio.run(run(_plan(), crew, "file", recovery=1.0))


@pytest.fixture(scope="module")
def found(seen: Evidence) -> Sequence[Violation]:
    """Give what was found of it."""
    return violations(seen)


def test_every_misdeed_and_every_rule_is_tried() -> None:
    """None is left out here."""
    assert set(MISDEEDS) == set(CULPRITS)
    assert set(RULES) == set(CULPRITS.values())


@pytest.mark.parametrize("misdeed", sorted(CULPRITS))
def test_a_misdeed_is_found(found: Sequence[Violation], misdeed: str) -> None:
    """Who breaks a rule is told by it: by number, or by the reference id."""
    number = list(CULPRITS).index(misdeed)
    told = [one.told for one in found if one.rule == CULPRITS[misdeed]]
    marks = (f"worker {number} ", f"worker {number}:", _flow(number))

    assert told
    if misdeed != "resend":  # the sandbox counts those, and keeps no refresh token to tell it by
        assert [one for one in told if any(mark in one for mark in marks)]


def test_who_does_nothing_wrong_is_not_told(found: Sequence[Violation]) -> None:
    """Amid all that, an honest process is not accused."""
    marks = (f"worker {HONEST} ", f"worker {HONEST}:", _flow(HONEST))

    assert [] == [one for one in found if any(mark in one.told for mark in marks)]


def test_a_process_that_was_stopped_is_not_told(seen: Evidence, found: Sequence[Violation]) -> None:
    """Its caller waited too long, and that was not the library's doing."""
    report = next(deed.report for deed in seen.deeds if deed.act.worker == STOPPED)

    assert report is not None
    assert report.ended - ASKED_AT > report.limit + MARGIN
    assert [] == [one for one in found if f"worker {STOPPED} " in one.told]


def test_a_call_that_takes_too_long_is_found_also_where_the_whole_is_in_time() -> None:
    """No wait for a token was needed, and the call has used the time that was for it."""
    act = Act(0.0, Verb.SEND, 0, "customer", _flow(0))
    slow = Report(
        begun=0.0,
        ended=3.0,
        limit=5.0,
        call=CALL_TIMEOUT + MARGIN + 0.1,
        idle=0.0,
        outcome="done",
        typed=True,
        told="",
        token_id="",
    )
    evidence = Evidence(_plan(), deeds=[Deed(act, 1, 0.0, slow)])
    swift = Evidence(_plan(), deeds=[Deed(act, 1, 0.0, evolve(slow, call=CALL_TIMEOUT))])

    assert ["every caller is answered in time"] == [one.rule for one in violations(evidence)]
    assert () == violations(swift)


def test_a_violation_is_told_with_all_that_helps(
    seen: Evidence, found: Sequence[Violation]
) -> None:
    """The seed, the command that runs it again, and the plan's lines around the moment."""
    text = complaint(seen, found, "file")

    assert "nox -s chaos -- --seed 0 --store file --seconds 1 --workers 13" in text
    assert f"worker {STOPPED} " in text
    assert "stop" in text
