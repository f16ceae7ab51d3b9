"""The customer of a verification: a test account of the environment, from a file."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from attrs import field, fields, frozen

from flexiti_async.cli.output import WRONG, CommandError
from flexiti_async.protocol.redact import printable

__all__ = ["APPLICANT", "PERSON", "Customer", "read_customer"]

PERSON: Final = ("first_name", "last_name", "dob", "postal_code")
APPLICANT: Final = (*PERSON, "email", "phone_number", "address_1", "city", "province")


@frozen(kw_only=True)
class Customer:
    """
    A test customer; the library checks the values when it builds a call.

    Attributes:
        account_number: An account that can buy.
        vcc_number: Its card.
        first_name: First name.
        last_name: Last name.
        dob: Date of birth.
        postal_code: Postal code.
        email: E-mail address, for an application.
        phone_number: Mobile number, for an application.
        address_1: Address, for an application.
        city: City, for an application.
        province: Province, for an application.
    """

    account_number: str = field(default="", repr=False)
    vcc_number: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    dob: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone_number: str = field(default="", repr=False)
    address_1: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    province: str = field(default="", repr=False)

    def given(self, *names: str) -> dict[str, Any] | None:
        """Return some of its values by name; None if one of them is missing."""
        values = {name: str(getattr(self, name)) for name in names}
        return values if all(values.values()) else None

    @property
    def identified(self) -> dict[str, Any] | None:
        """The first of account, card and person that is given."""
        return self.given("account_number") or self.given("vcc_number") or self.given(*PERSON)


def read_customer(file: str | None) -> Customer:
    """
    Read a JSON object of a customer's fields from a file, or from stdin for `-`.

    Raises:
        CommandError: It cannot be read, or has other fields.
    """
    if file is None:
        return Customer()
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8")
        given: object = json.loads(text)
    except (OSError, ValueError) as error:
        msg = f"--customer {printable(file)}: not a file of JSON ({type(error).__name__})"
        raise CommandError(msg, status=WRONG) from None
    names = {each.name for each in fields(Customer)}
    if not isinstance(given, dict) or not names.issuperset(cast("dict[str, object]", given)):
        msg = f"--customer: expected a JSON object with some of: {', '.join(sorted(names))}"
        raise CommandError(msg, status=WRONG)
    values = cast("Mapping[str, object]", given)
    return Customer(**{name: str(value) for name, value in values.items() if value is not None})
