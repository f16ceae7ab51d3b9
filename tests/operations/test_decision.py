"""The decision: every phase, fingerprint, age and kind of call; and what outranks what."""

import itertools

import pytest

from flexiti_async.operations.decision import (
    Mismatch,
    ReturnRecorded,
    Supersede,
    TakeClaim,
    Unknown,
    Wait,
    decide,
    supersede,
)
from flexiti_async.operations.fingerprint import fingerprint_of
from flexiti_async.operations.record import OperationRecord, Phase

from .records import FIELDS, SALT, record

SAME = record().fingerprint
OTHER = fingerprint_of({"amount": "11"}, SALT)
UNKNOWN = "2:" + "0" * 64
AGES = [0.0, 21.9, 22.0, 3599.0, 3600.0, 1e9]


@pytest.mark.parametrize("resendable", [False, True])
@pytest.mark.parametrize(
    ("fingerprint", "elapsed"), [*itertools.product((SAME, OTHER, UNKNOWN), AGES)]
)
def test_every_pending_record(fingerprint: str, elapsed: float, resendable: bool) -> None:
    """Within the deadline the same call waits; past it nobody sends but who may for an hour."""
    found = record(fingerprint=fingerprint)
    step = decide(found, FIELDS, elapsed=elapsed, since_first=elapsed, resendable=resendable)
    if elapsed < 22:
        assert step == (Mismatch() if fingerprint == OTHER else Wait(22 - elapsed))
    elif resendable and fingerprint == SAME and elapsed < 3600:
        assert step == TakeClaim()
    else:
        assert step == Unknown()


@pytest.mark.parametrize("elapsed", AGES)
@pytest.mark.parametrize("fingerprint", [SAME, OTHER, UNKNOWN])
def test_every_other_record(fingerprint: str, elapsed: float) -> None:
    """Done is replayed, at any age; free and absent are claimed, whatever was asked before."""
    done = record(fingerprint=fingerprint, phase=Phase.DONE)
    free = record(fingerprint=fingerprint, phase=Phase.FREE)

    expected = Mismatch() if fingerprint == OTHER else ReturnRecorded()
    assert expected == decide(done, FIELDS, elapsed=elapsed)
    assert TakeClaim() == decide(free, FIELDS, elapsed=elapsed)
    assert TakeClaim() == decide(None, FIELDS, elapsed=elapsed)


def test_the_hour_of_a_call_that_is_sent_again_counts_from_its_first_claim() -> None:
    """Claimed again and again, it is sent for an hour, not for ever."""
    step = decide(record(), FIELDS, elapsed=30, since_first=3601, resendable=True)

    assert Unknown() == step


@pytest.mark.parametrize("fingerprint", [SAME, OTHER, UNKNOWN])
def test_nobody_waits_for_a_call_that_was_given_up(fingerprint: str) -> None:
    """Its outcome is unknown at once, not at its deadline; only the same call is sent again."""
    given_up = record(fingerprint=fingerprint, inconclusive="no answer")
    again = TakeClaim() if fingerprint == SAME else Unknown()

    assert Unknown() == decide(given_up, FIELDS, elapsed=1.0)
    assert again == decide(given_up, FIELDS, elapsed=1.0, since_first=1.0, resendable=True)


DONE = record(phase=Phase.DONE, authorization_id="1")
FREE = record(phase=Phase.FREE)
FOREIGN = {"salt": "another claim"}


@pytest.mark.parametrize(
    ("outcome", "stored", "expected"),
    [
        (DONE, None, Supersede(write=True, conflict="absent")),
        (DONE, record(), Supersede(write=True)),
        (DONE, DONE, Supersede(write=False)),
        (DONE, FREE, Supersede(write=True, conflict="free")),
        (DONE, record(**FOREIGN), Supersede(write=True, conflict="pending")),
        (DONE, record(phase=Phase.FREE, **FOREIGN), Supersede(write=True, conflict="free")),
        (DONE, record(phase=Phase.DONE, **FOREIGN), Supersede(write=False, conflict="done")),
        (DONE, record(phase=Phase.DONE, resolved_by="ann"), Supersede(write=True)),
        (
            DONE,
            record(phase=Phase.DONE, resolved_by="ann", authorization_id="2"),
            Supersede(write=True, conflict="done"),
        ),
        (FREE, None, Supersede(write=False)),
        (FREE, record(), Supersede(write=True)),
        (FREE, FREE, Supersede(write=False)),
        (FREE, DONE, Supersede(write=False)),
        (FREE, record(**FOREIGN), Supersede(write=False)),
        (FREE, record(phase=Phase.DONE, resolved_by="ann"), Supersede(write=False)),
    ],
)
def test_a_true_answer_outranks(
    outcome: OperationRecord, stored: OperationRecord | None, expected: Supersede
) -> None:
    """An answer replaces all but another answer, and says so; a refusal only its own claim."""
    assert expected == supersede(outcome, stored)
