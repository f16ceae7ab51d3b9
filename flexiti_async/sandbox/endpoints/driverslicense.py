"""POST customers/driverslicense (spec section 5.4): decodes the bar code of a licence."""

import re
from collections.abc import Callable
from datetime import datetime

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.validation.fields import of_body
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import INVALID
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["driverslicense"]

_LINE = re.compile(r"(?:DL)?(D[A-Z]{2})(.*)")
_MOST = 4000  # characters; a PDF417 symbol holds fewer


@invents(
    "customers/driverslicense",
    "The scan is lines of AAMVA elements; any other is `wrong_inputs`.",
    spec="5.4",
)
def driverslicense(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Decode a scan in which each line is an element of AAMVA's standard: three letters and a value.

    ```text
    DCSTEST
    DACADA
    DADMARIE
    DBB19900131
    DAG1 SAMPLE ST
    DAIOTTAWA
    DAJON
    DAKK1A 0B1
    DAQT1234-56789-00131
    DBA20300131
    ```

    The API decodes the output of scanners.
    """
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    scan = fields.text("code", _MOST, required=True)
    decoded = _decode(scan)
    if scan and decoded is None:
        fields.refuse("code", INVALID)
    fields.check()
    return decoded


def _decode(scan: str) -> Json:
    lines = (_LINE.fullmatch(line.strip()) for line in scan.splitlines())
    elements = {match[1]: match[2].strip() for match in lines if match is not None}
    try:
        decoded: dict[str, Json] = {
            name: read(elements[element]) for name, (element, read) in _ELEMENTS.items()
        }
    except (KeyError, ValueError):
        return None
    decoded["middle_name"] = elements.get("DAD", "")
    decoded["govid_type"] = "CADL"
    return decoded


def _day(text: str) -> str:
    return datetime.strptime(text, "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a date has no time zone


def _without_spaces(text: str) -> str:
    return text.replace(" ", "")


_ELEMENTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "first_name": ("DAC", str),
    "last_name": ("DCS", str),
    "dob": ("DBB", _day),
    "address_1": ("DAG", str),
    "city": ("DAI", str),
    "province": ("DAJ", str),
    "postal_code": ("DAK", _without_spaces),
    "govid_issuedby": ("DAJ", str),
    "govid_number": ("DAQ", str),
    "govid_expiry": ("DBA", _day),
}
