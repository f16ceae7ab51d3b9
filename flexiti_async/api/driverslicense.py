"""customers/driverslicense: decode the barcode of a Canadian driving licence (spec section 5.4)."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from flexiti_async.api.common import Province
from flexiti_async.api.converters import to_secret
from flexiti_async.api.endpoints import DRIVERSLICENSE
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import Secret, not_pickled
from flexiti_async.protocol.structuring import Day, NumberText, no_extra
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import INVALID, REQUIRED, WRONG_FORMAT, Check

__all__ = ["DriversLicense", "read_driverslicense"]


@not_pickled
@frozen
class DriversLicense(AnswerModel):
    """
    The data of a driving licence (spec section 5.4). Only its kind is in the repr.

    Attributes:
        first_name: First name.
        middle_name: Middle name.
        last_name: Last name.
        dob: Date of birth; the format is UNKNOWN, so it is text unless it is `YYYY-MM-DD`.
        address_1: Address line 1.
        city: City.
        province: Province; the API's text if it is not one of the 13 codes.
        postal_code: Postal code as received.
        govid_type: Kind of document, `CADL`.
        govid_issuedby: Issuer.
        govid_number: Its number.
        govid_expiry: Expiry date; see `dob` for the format.
        extra: Fields of the answer that this release does not know.
    """

    first_name: str | None = field(default=None, repr=False)
    middle_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    dob: Day | None = field(default=None, repr=False)
    address_1: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    province: Province | str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    govid_type: str | None = None
    govid_issuedby: str | None = field(default=None, repr=False)
    govid_number: NumberText | None = field(default=None, repr=False)
    govid_expiry: Day | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


def _scan_problem(value: object) -> str | None:
    # Line feeds and record separators are part of the barcode.
    if not isinstance(value, Secret):
        return WRONG_FORMAT
    if not value.reveal().strip():
        return REQUIRED
    # Accented letters are left to the server, as in names; a lone surrogate cannot be sent.
    try:
        value.reveal().encode()
    except UnicodeEncodeError:
        return INVALID
    return None


_SCAN: Final = Check(
    _scan_problem, "must be the raw scan of the barcode, text such as '@\\n\\x1e\\rANSI 636012…'"
)


@validated
@frozen(kw_only=True, slots=False)
class _Scan:
    code: Secret | None = field(converter=to_secret, metadata=takes(Rule(_SCAN, required=True)))


@sensitive_arguments
def read_driverslicense(code: Secret | str) -> Call[DriversLicense]:
    """
    Build the call of customers/driverslicense: decode a scanned barcode (spec section 5.4).

    Args:
        code: The raw scan of the PDF417 barcode of a Canadian driving licence, with its control
            characters. The length limit is UNKNOWN.

    Raises:
        ValidationError: The code is empty or not text.
    """
    scan = _Scan(code=code)
    return Call(
        endpoint=DRIVERSLICENSE,
        method="POST",
        path="client-id/{client_id}/customers/driverslicense",
        scope=Scope.CUSTOMER,
        result=DriversLicense,
        replay=Replay.SAFE,
        body={"code": scan.code},
    )
