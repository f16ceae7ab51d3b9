"""customers/driverslicense: the scan is sent unchanged, the licence is read."""

import datetime

import pytest

from flexiti_async.api.common import Province
from flexiti_async.api.driverslicense import DriversLicense, read_driverslicense
from flexiti_async.errors import FieldError, MalformedAnswer, ValidationError
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import answered, error_kind, read, rejected, sample, sent

SCAN = "@\n\x1e\rANSI 636012030001DL00000000DCSTEST"


@pytest.mark.parametrize("scan", [SCAN, Secret(SCAN)], ids=["text", "secret"])
def test_on_the_wire(scan: str | Secret) -> None:
    """The raw scan is sent with its control characters."""
    call = read_driverslicense(scan)

    assert sample("driverslicense") == sent(call)
    assert (Scope.CUSTOMER, Replay.SAFE) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("given", "msg"),
    [("", "required"), (" \n", "required"), (None, "required"), ("\ud800", "invalid")],
)
def test_rejects(given: object, msg: str) -> None:
    """A scan that is empty, or cannot be encoded, is rejected."""
    (error,) = rejected(read_driverslicense, {"code": given})

    assert ("code", msg) == (error.param, error.msg)


def test_rejects_bytes() -> None:
    """Bytes are rejected."""
    assert (FieldError("code", "wrong format", "bytes"),) == rejected(
        read_driverslicense, {"code": b"@"}
    )


def test_answer() -> None:
    """Each field has its type."""
    licence = answered(
        read_driverslicense(SCAN),
        {
            "first_name": "Ada",
            "middle_name": "B",
            "last_name": "Test",
            "dob": "1990-01-31",
            "address_1": "1 Sample St",
            "city": "Ottawa",
            "province": "ON",
            "postal_code": "K1A 0B1",
            "govid_type": "CADL",
            "govid_issuedby": "ON",
            "govid_number": "T0042",
            "govid_expiry": "2030",
            "height": 170,
        },
    )

    assert licence == DriversLicense(
        first_name="Ada",
        middle_name="B",
        last_name="Test",
        dob=datetime.date(1990, 1, 31),
        address_1="1 Sample St",
        city="Ottawa",
        province=Province.ONTARIO,
        postal_code="K1A 0B1",
        govid_type="CADL",
        govid_issuedby="ON",
        govid_number="T0042",  # type: ignore[arg-type]
        govid_expiry="2030",
        extra={"height": 170},
    )


def test_malformed() -> None:
    """A list is a malformed answer; a name that is a number loses no other."""
    assert isinstance(read(read_driverslicense(SCAN), []), MalformedAnswer)
    licence = answered(read_driverslicense(SCAN), {"city": 5, "province": "ON"})
    assert DriversLicense(province=Province.ONTARIO, extra={"city": 5}) == licence


def test_errors() -> None:
    """An unsupported licence is a conflict, whose undocumented code is kept."""
    assert "Conflict" == error_kind(read_driverslicense(SCAN), 409, "unsupported")


def test_nothing_personal_shows() -> None:
    """No call, licence or error shows personal data."""
    canary = "canary-4f1d"
    with pytest.raises(ValidationError) as caught:
        read_driverslicense(f"{canary} \ud800")

    assert canary not in f"{DriversLicense(first_name=canary)} {read_driverslicense(canary)}"
    assert [] == sightings(caught.value, canary)
