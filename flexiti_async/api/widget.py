"""
widget/init: from a customer to the URL of the page on which they apply or buy (spec section 4).

`ApplyWidget` and `PurchaseWidget` are the two flows of the start page, `init_widget` makes the
call of either, and `Widget` is its answer.
"""

import datetime
import enum
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final
from urllib.parse import parse_qs

from attrs import field, frozen

from flexiti_async.api.canada import (
    PHONE_NUMBER,
    birth_date_check,
    is_of_age,
    postal_code_check,
    to_compact,
    to_phone,
)
from flexiti_async.api.common import (
    ACCOUNT_NUMBER,
    ACCOUNT_TYPE,
    EMAIL,
    LANGUAGE,
    PROVINCE,
    VCC_NUMBER,
    AccountType,
    Language,
    Province,
    to_card,
    to_digits,
    to_iso_date,
    to_upper,
)
from flexiti_async.api.endpoints import WIDGET_INIT
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.sansio.call import Call, Replay
from flexiti_async.sansio.convert import wire_name
from flexiti_async.sansio.redact import mask, mask_url
from flexiti_async.sansio.rules import (
    INVALID,
    REQUIRED,
    Rule,
    checked,
    quiet,
    text_check,
    true_check,
)
from flexiti_async.sansio.rules import wire as takes
from flexiti_async.sansio.secret import Secret
from flexiti_async.sansio.token import Scope

__all__ = [
    "AccountTypePlace",
    "ApplyWidget",
    "Flow",
    "PurchaseWidget",
    "Widget",
    "init_widget",
]

_WEB_ADDRESS: Final = re.compile(r"(?i:https?)://[^\s/?#][^\s\x00-\x1f\x7f]*")
_PERSON: Final = "customer_identification.personal_information."
_PERSON_FIELDS: Final = ("first_name", "last_name", "dob", "postal_code")


class Flow(enum.StrEnum):
    """What the customer does in the widget."""

    APPLY = "apply"
    PURCHASE = "purchase"


class AccountTypePlace(enum.StrEnum):
    """Where `account_type` stands in the body: it has moved between page versions (spec 4.2)."""

    NESTED = "nested"
    """In `customer_identification`, page versions 16 and 17."""
    TOP_LEVEL = "top_level"
    """Beside `flow`, page version 15 and before."""
    OMITTED = "omitted"
    """Not sent: page version 18, and before the field existed."""


@checked
@frozen(kw_only=True)
class ApplyWidget:
    """
    A customer who applies for an account.

    The fields are those of the start page's table; all but `address_2` are required. Bad data are
    refused at construction by `ValidationError`, all faults at once. Nothing of the person is in
    the repr.

    Attributes:
        first_name: At most 80 characters.
        last_name: At most 130 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`, from 1900 on.
        postal_code: Canadian; `K1A 0B1` is sent as `K1A0B1`, in the case in which it is given.
        email: At most 100 characters, used for multi-factor authentication.
        phone_number: Mobile number of ten digits, used for multi-factor authentication by SMS; a
            text such as `(613) 555-0100` is understood.
        address_1: Address line 1, at most 250 characters.
        address_2: Address line 2, at most 100 characters.
        city: At most 100 characters.
        province: One of the 13 codes of `Province`.
        tos_agreement: The customer accepts the cardholder agreement; must be True.
        account_type: Consumer or business; where it is sent is a setting of the session.
        lang: Language of the widget.
    """

    first_name: str = field(
        repr=False,
        metadata=takes(Rule(text_check(80), required=True, param=_PERSON + "first_name")),
    )
    last_name: str = field(
        repr=False,
        metadata=takes(Rule(text_check(130), required=True, param=_PERSON + "last_name")),
    )
    dob: str | datetime.date = field(
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(birth_date_check, required=True, param=_PERSON + "dob")),
    )
    postal_code: str = field(
        converter=to_compact,
        repr=False,
        metadata=takes(Rule(postal_code_check, required=True, param=_PERSON + "postal_code")),
    )
    email: str = field(repr=False, metadata=takes(Rule(EMAIL, required=True)))
    phone_number: int | str = field(
        converter=to_phone, repr=False, metadata=takes(Rule(PHONE_NUMBER, required=True))
    )
    address_1: str = field(repr=False, metadata=takes(Rule(text_check(250), required=True)))
    address_2: str | None = field(default=None, repr=False, metadata=takes(Rule(text_check(100))))
    city: str = field(repr=False, metadata=takes(Rule(text_check(100), required=True)))
    province: Province | str = field(converter=to_upper, repr=False, metadata=takes(PROVINCE))
    tos_agreement: bool = field(default=False, metadata=takes(Rule(true_check, required=True)))
    account_type: AccountType | str = field(
        default=AccountType.CONSUMER,
        metadata=takes(
            Rule(ACCOUNT_TYPE, required=True, param="customer_identification.account_type")
        ),
    )
    lang: Language | str = field(default=Language.ENGLISH, metadata=takes(LANGUAGE))

    flow: ClassVar[Flow] = Flow.APPLY


@checked
@frozen(kw_only=True)
class PurchaseWidget:
    """
    A customer who buys with their account.

    One of three identifies the customer: the account number, the card number, or all four fields
    of the person. Giving several is left to the server (which wins is UNKNOWN, spec section 4.1).
    Bad data are refused at construction by `ValidationError`, all faults at once.

    Attributes:
        account_number: Up to 14 digits; neither the card number nor the customer id.
        vcc_number: FlexitiCard number, up to 16 digits; spaces are understood.
        first_name: At most 80 characters.
        last_name: At most 130 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`, from 1900 on.
        postal_code: Canadian; `K1A 0B1` is sent as `K1A0B1`, in the case in which it is given.
        lang: Language of the widget.
    """

    account_number: int | str | None = field(
        default=None, converter=to_digits, repr=False, metadata=takes(ACCOUNT_NUMBER)
    )
    vcc_number: Secret | str | None = field(
        default=None, converter=to_card, repr=False, metadata=takes(VCC_NUMBER)
    )
    first_name: str | None = field(
        default=None,
        repr=False,
        metadata=takes(Rule(text_check(80), param=_PERSON + "first_name")),
    )
    last_name: str | None = field(
        default=None,
        repr=False,
        metadata=takes(Rule(text_check(130), param=_PERSON + "last_name")),
    )
    dob: str | datetime.date | None = field(
        default=None,
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(birth_date_check, param=_PERSON + "dob")),
    )
    postal_code: str | None = field(
        default=None,
        converter=to_compact,
        repr=False,
        metadata=takes(Rule(postal_code_check, param=_PERSON + "postal_code")),
    )
    lang: Language | str = field(default=Language.ENGLISH, metadata=takes(LANGUAGE))

    flow: ClassVar[Flow] = Flow.PURCHASE

    def more_faults(self) -> Iterable[FieldError]:
        """Find what is required because both numbers are missing."""
        # A number that was refused has its fault already.
        if self.account_number not in (None, "") or self.vcc_number:
            return
        missing = [name for name in _PERSON_FIELDS if not getattr(self, name)]
        if len(missing) == len(_PERSON_FIELDS):
            # Nothing at all identifies the customer: any of the three would do.
            yield FieldError("customer_identification.account_number", REQUIRED)
            yield FieldError("customer_identification.vcc_number", REQUIRED)
        for name in missing:
            yield FieldError(_PERSON + name, REQUIRED)


@frozen
class Widget:
    """
    The answer of widget/init: where to send the customer.

    The URL holds the access token (spec section 4.4): it is for this customer's browser and for
    nothing else, no log and no data base. It is out of the repr; pickling a Widget is refused.

    Attributes:
        url: The URL as a Secret; `redirection_url` reveals it.
        extra: Fields of the answer that this release does not know.
        sent_reference_id: The `x-reference-id` that the call carried.
    """

    url: Secret = field(
        repr=False,
        metadata=wire_name("redirection_url"),
        validator=lambda _, __, value: _check_url(value),
    )
    extra: Mapping[str, object] = field(factory=dict[str, object], repr=False)
    sent_reference_id: str | None = field(default=None, repr=False, metadata=wire_name(None))

    @property
    def redirection_url(self) -> str:
        """The URL itself, to redirect this customer to."""
        return self.url.reveal()

    @property
    def masked_url(self) -> str:
        """The URL without its token, for people to look at."""
        return mask_url(self.url.reveal())

    @property
    def session_id(self) -> str | None:
        """`widget_session_id`, needed later by authorization and apply; old answers have none."""
        return self._parameter("widget_session_id")

    @property
    def reference_id(self) -> str | None:
        """`x-reference-id` of the flow: the URL's, or the one sent if the URL has none."""
        return self._parameter("x-reference-id") or self.sent_reference_id

    @property
    def language(self) -> str | None:
        """`lang` of the URL; None if it has none."""
        return self._parameter("lang")

    def _parameter(self, name: str) -> str | None:
        # The query stands inside the fragment, where no URL parser looks for it (spec 4.4).
        _, _, fragment = self.url.reveal().partition("#")
        _, _, query = fragment.partition("?")
        values = parse_qs(query).get(name) if query else None
        return values[0] if values else None

    def __repr__(self) -> str:
        return (
            f"Widget(reference_id={self.reference_id!r}, session_id={self.session_id!r}, "
            f"language={self.language!r})"
        )


def _check_url(value: Secret) -> None:
    # The customer's browser goes there: nothing but a web address will do.
    if not _WEB_ADDRESS.fullmatch(value.reveal()):
        msg = "redirection_url is no web address"
        del value
        raise ValueError(msg)


@quiet
def init_widget(
    widget: ApplyWidget | PurchaseWidget,
    *,
    account_type_place: AccountTypePlace = AccountTypePlace.NESTED,
    today: datetime.date | None = None,
    version: str | None = None,
) -> Call[Widget]:
    """
    Make the call of widget/init.

    It moves no money, and a second session beside an unused one does no harm: safe to repeat.

    Args:
        widget: The customer and what they do.
        account_type_place: Where the `account_type` of an application stands.
        today: The day in the shop's own time; with it, an applicant who is not of age in their
            province is refused. Nothing here reads a clock.
        version: Version segment of the URL; see `Call.at_version`.

    Raises:
        ValidationError: The applicant is not of age.
    """
    if today is not None and isinstance(widget, ApplyWidget):
        _refuse_minor(widget, today)
    body = (
        _apply_body(widget, account_type_place)
        if isinstance(widget, ApplyWidget)
        else _purchase_body(widget)
    )
    call = Call(
        endpoint=WIDGET_INIT,
        method="POST",
        path="client-id/{client_id}/widget/init",
        scope=Scope.CUSTOMER,
        result=Widget,
        replay=Replay.SAFE,
        body=body,
    )
    return call.at_version(version)


def _refuse_minor(widget: ApplyWidget, today: datetime.date) -> None:
    dob = datetime.date.fromisoformat(str(widget.dob))
    if not is_of_age(dob, Province(widget.province), today):
        fault = FieldError(
            _PERSON + "dob", INVALID, mask(widget.dob), hint=f"not of age in {widget.province}"
        )
        raise ValidationError(field_errors=[fault])


def _person(widget: ApplyWidget | PurchaseWidget) -> dict[str, object]:
    given = {name: getattr(widget, name) for name in _PERSON_FIELDS}
    return {name: value for name, value in given.items() if value}


def _purchase_body(widget: PurchaseWidget) -> dict[str, object]:
    who: dict[str, object] = {}
    if widget.account_number:
        who["account_number"] = widget.account_number
    if widget.vcc_number:
        who["vcc_number"] = widget.vcc_number
    person = _person(widget)
    if person:
        who["personal_information"] = person
    return {"customer_identification": who, "flow": Flow.PURCHASE, "lang": widget.lang}


def _apply_body(widget: ApplyWidget, place: AccountTypePlace) -> dict[str, object]:
    who: dict[str, object] = {"personal_information": _person(widget)}
    body: dict[str, object] = {
        "customer_identification": who,
        "flow": Flow.APPLY,
        "lang": widget.lang,
        "tos_agreement": widget.tos_agreement,
        "email": widget.email,
        "phone_number": widget.phone_number,
        "address_1": widget.address_1,
        "city": widget.city,
        "province": widget.province,
    }
    if widget.address_2:
        body["address_2"] = widget.address_2
    if place is AccountTypePlace.NESTED:
        who["account_type"] = widget.account_type
    elif place is AccountTypePlace.TOP_LEVEL:
        body["account_type"] = widget.account_type
    return body
