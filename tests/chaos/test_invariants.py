"""The chaos rules can fail: each process breaks one of them on purpose."""

import asyncio
from collections.abc import Sequence

import pytest
from attrs import evolve

from ..crew.crew import Crew, WorkerHandle
from .driver import run
from .evidence import Evidence, Job, Report
from .invariants import RULES, Violation, violations
from .limits import CALL_TIMEOUT, MARGIN
from .misdeeds import MISDEEDS
from .plan import Act, Plan, Verb
from .reporting import explanation

LIFETIME = 2
CULPRITS = {
    "resend": "no refresh token is sent twice",
    "use after end": "no expired token is used",
    "change token": "no checkout changes its token",
    "hang": "every caller is answered in time",
    "block": "every caller is answered in time",
    "compute": "every caller is answered in time",
    "never answer": "every caller is answered in time",
    "raise untyped": "every error is typed",
    "leave task": "no task, thread or socket is left",
    "leave socket": "no task, thread or socket is left",
    "starve": "a healthy process gets a token again",
}
"""Misdeeds and the rules that they break; their order numbers the processes."""

HONEST, STOPPED = len(CULPRITS), len(CULPRITS) + 1
STOPPED_FOR = 4.5
ASKED_AT = 0.4


def _flow(number: int) -> str:
    return f"{number + 1:032x}"


def _plan() -> Plan:
    """Return a plan with a process per misdeed, an honest one, and one stopped during a call."""
    acts: list[Act] = []
    for number, misdeed in enumerate(CULPRITS):
        flow = _flow(number)
        if misdeed == "change token":
            acts += [
                Act(0.0, Verb.OPEN, number, "saved", flow),
                Act(0.1, Verb.STEP, number, "purchase", flow),
            ]
        acts.append(Act(0.5, Verb.MISDEED, number, misdeed, flow))
    acts += [
        Act(0.2, Verb.OPEN, HONEST, "kept", _flow(HONEST)),
        Act(0.3, Verb.STEP, HONEST, "apply", _flow(HONEST)),
        Act(0.3, Verb.STOP, STOPPED, seconds=STOPPED_FOR),
        Act(ASKED_AT, Verb.TOKEN, STOPPED, "customer"),
    ]
    acts.sort(key=lambda act: act.at)
    return Plan(0, 1.0, len(CULPRITS) + 2, LIFETIME, tuple(acts))


@pytest.fixture(scope="module")
def seen(crew: Crew[WorkerHandle]) -> Evidence:
    """Return the records of the run."""
    return asyncio.run(run(_plan(), crew, "file", recovery=1.0))


@pytest.fixture(scope="module")
def found(seen: Evidence) -> Sequence[Violation]:
    """Return the violations in it."""
    return violations(seen)


def test_every_misdeed_and_every_rule_is_tried() -> None:
    """Every misdeed and every rule is in the table."""
    assert set(MISDEEDS) == set(CULPRITS)
    assert set(RULES) == set(CULPRITS.values())


@pytest.mark.parametrize("misdeed", sorted(CULPRITS))
def test_a_misdeed_is_found(found: Sequence[Violation], misdeed: str) -> None:
    """A violation names its process by number or by reference id."""
    number = list(CULPRITS).index(misdeed)
    texts = [one.text for one in found if one.rule == CULPRITS[misdeed]]
    marks = (f"worker {number} ", f"worker {number}:", _flow(number))

    assert texts
    if misdeed != "resend":  # the sandbox only counts these, and keeps no refresh token
        assert [one for one in texts if any(mark in one for mark in marks)]


def test_an_honest_process_is_not_reported(found: Sequence[Violation]) -> None:
    """An honest process among the others has no violation."""
    marks = (f"worker {HONEST} ", f"worker {HONEST}:", _flow(HONEST))

    assert [] == [one for one in found if any(mark in one.text for mark in marks)]


def test_a_stopped_process_is_not_reported(seen: Evidence, found: Sequence[Violation]) -> None:
    """A caller that waited too long because its process was stopped is not a violation."""
    report = next(job.report for job in seen.jobs if job.act.worker == STOPPED)

    assert report is not None
    assert report.ended - ASKED_AT > report.limit + MARGIN
    assert [] == [one for one in found if f"worker {STOPPED} " in one.text]


def test_a_slow_call_is_found_even_if_the_whole_is_in_time() -> None:
    """A call that takes too long is a violation, even if the caller's whole wait is in time."""
    act = Act(0.0, Verb.SEND, 0, "customer", _flow(0))
    slow = Report(
        begun=0.0,
        ended=3.0,
        limit=5.0,
        call=CALL_TIMEOUT + MARGIN + 0.1,
        idle=0.0,
        outcome="done",
        typed=True,
        text="",
        token_id="",
    )
    evidence = Evidence(_plan(), jobs=[Job(act, 1, 0.0, slow)])
    swift = Evidence(_plan(), jobs=[Job(act, 1, 0.0, evolve(slow, call=CALL_TIMEOUT))])

    assert ["every caller is answered in time"] == [one.rule for one in violations(evidence)]
    assert () == violations(swift)


def test_explanation_of_a_violation(seen: Evidence, found: Sequence[Violation]) -> None:
    """The explanation has the command that repeats the run, and the acts around the moment."""
    text = explanation(seen, found, "file")

    assert "nox -s chaos -- --seed 0 --store file --seconds 1 --workers 13" in text
    assert f"worker {STOPPED} " in text
    assert "stop" in text
