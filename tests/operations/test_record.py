"""Records in the journal: written and read the same, and nothing else is ever believed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import GeneralError, RecordUnreadable
from flexiti_async.operations.operation import operation_of
from flexiti_async.operations.record import (
    OperationRecord,
    Phase,
    Refusal,
    decode_operation,
    encode_operation,
    refusal_of,
)
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.secret import Secret

from ..support.canaries import sightings
from .records import KEY, record

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MOMENT = st.floats(0, 253_402_300_799)
VALUE = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT
REFUSAL = st.builds(
    Refusal, error=TEXT, at=MOMENT, status=st.none() | st.integers(0, 999), code=st.none() | TEXT
)
RECORDS = st.builds(
    record,
    kind=st.sampled_from(OperationKind),
    phase=st.sampled_from(Phase),
    idempotency_key=TEXT,
    began=MOMENT,
    deadline=st.floats(0.001, 86_400),
    first=st.none() | MOMENT,
    amount=st.none() | st.decimals(-(10**9), 10**9, places=2),
    reference=st.none() | TEXT,
    account_number=st.none() | st.builds(Secret, TEXT),
    authorization_id=st.none() | TEXT,
    executed_at=st.none() | MOMENT,
    answer=st.dictionaries(TEXT, VALUE, max_size=4),
    refusals=st.lists(REFUSAL, max_size=3).map(tuple),
    refused=st.none() | REFUSAL,
    resolved_by=st.none() | TEXT,
)


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(written: OperationRecord) -> None:
    """Every field survives, in ASCII, and the operation can be shown."""
    payload = encode_operation(written)

    assert payload.isascii()
    assert written == decode_operation(payload, KEY)
    assert written.operation_id == operation_of(written).operation_id


def wire(**changes: Any) -> dict[str, Any]:
    """Return the JSON of a record, with changes."""
    document: dict[str, Any] = json.loads(encode_operation(record()))
    return {"v": document["v"], "operation": {**document["operation"], **changes}}


HOSTILE: dict[str, Any] = {
    "another key": wire(key="flexiti-operation-" + "0" * 32),
    "another version": {**wire(), "v": 2},
    "no version": {"operation": wire()["operation"]},
    "no phase": {"v": 1, "operation": {}},
    "an unknown phase": wire(phase="paid"),
    "an unknown kind": wire(kind="gift"),
    "no deadline": wire(deadline=0),
    "an endless deadline": wire(deadline=1e300),
    "a deadline in words": wire(deadline="soon"),
    "a claim before all time": wire(began=-1),
    "a claim after all time": wire(began=1e300),
    "an execution after all time": wire(executed_at=1e300),
    "a refusal after all time": wire(refused={"error": "a", "at": 1e300}),
    "an endless amount": wire(amount="Infinity"),
    "no amount": wire(amount="NaN"),
    "an amount that fills the memory": wire(amount="1E+999999999"),
    "an amount beyond decimals": wire(amount="1E+9999999999999999999999"),
    "a nested answer": wire(answer={"id": [1]}),
    "a text": "done",
    "nothing": None,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_is_unreadable(name: str) -> None:
    """It is neither absent nor believed, and the error quotes nothing."""
    with pytest.raises(RecordUnreadable) as caught:
        decode_operation(json.dumps(HOSTILE[name]), KEY)

    assert [] == sightings(caught.value, "host process 1")


@given(st.text() | st.recursive(VALUE, lambda inner: st.dictionaries(TEXT, inner)).map(json.dumps))
def test_any_text_is_a_record_or_unreadable(payload: str) -> None:
    """No text of a store causes another error."""
    with pytest.raises(RecordUnreadable):
        decode_operation(payload, KEY)


def test_the_history_is_bounded() -> None:
    """Ten refusals are kept, the newest, with short texts."""
    kept = record()
    for number in range(12):
        error = GeneralError("x" * 10_000, status=409, code="y" * 10_000)
        kept = kept.freed(refusal_of(error, float(number)))

    assert [float(number) for number in range(2, 12)] == [one.at for one in kept.refusals]
    assert {(200, 200)} == {(len(one.message), len(one.code or "")) for one in kept.refusals}
    assert len(encode_operation(kept)) < 10_000


def test_a_done_record_keeps_the_numbers_of_its_call() -> None:
    """Numbers of the answer come first; without them those of the path stay."""
    claimed = record(authorization_id="1", capture_id=None, amount=Decimal(5))

    assert ("1", "2") == _numbers(claimed.done({"capture_id": 2}, at=1.0))
    assert ("3", None) == _numbers(claimed.done({"authorization_id": "3"}, at=1.0))


def _numbers(one: OperationRecord) -> tuple[str | None, str | None]:
    return one.authorization_id, one.capture_id
