"""Values as people, forms, spreadsheets and programs give them: understood, or refused."""

import enum
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

import attrs
import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from flexiti_async import api
from flexiti_async.api.accounts import verify
from flexiti_async.api.authorization_lists import AuthorizationSearch, list_authorizations
from flexiti_async.api.authorizations import authorize
from flexiti_async.api.canada import LocalRules
from flexiti_async.api.common import Province
from flexiti_async.api.customers import lookup, search
from flexiti_async.api.driverslicense import read_driverslicense
from flexiti_async.api.plans import calculate_interest
from flexiti_async.api.purchases import OnlinePurchase
from flexiti_async.api.refunds import refund
from flexiti_async.api.sku_data import Product
from flexiti_async.api.transactions import TransactionRequest
from flexiti_async.api.widget import ApplyWidget, PurchaseWidget, init_widget
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule

from .test_widget_body import APPLICANT, JOHN, PERSON, WHO, at, sent

PURCHASE: dict[str, Any] = {
    "account_number": 20009100,
    "amount": 300,
    "transaction_type": "promotional_purchase",
    "plan_id": 101,
    "term": 12,
    "auto_capture": True,
    "widget_session_id": "s",
}
PAYMENT: dict[str, Any] = {
    "transaction_type": "deposit",
    "amount": 30,
    "verification_code": 1234,
    "account_number": 20009100,
}
VERIFY: dict[str, Any] = {
    "account_number": 1,
    "request_id": "r",
    "format": "security_question",
    "security_qid": 4,
    "security_answer": "Rover",
}


def errors_of(make: Callable[..., object], **fields: Any) -> list[FieldError]:
    """Return the field errors of invalid data."""
    with pytest.raises(ValidationError) as caught:
        make(**fields)
    return list(caught.value.field_errors)


def purchase(**fields: Any) -> OnlinePurchase:
    """Return a purchase with some other fields."""
    return OnlinePurchase(**{**PURCHASE, **fields})


def applied(**fields: object) -> dict[str, Any]:
    """Return the body of an application with some other fields."""
    given_: dict[str, Any] = {**APPLICANT, **fields}
    return sent(ApplyWidget(**given_))


# Numbers. Separators are read only where people write them.

NUMBERS: list[tuple[Callable[..., object], dict[str, Any], str]] = [
    (PurchaseWidget, {}, "account_number"),
    (ApplyWidget, APPLICANT, "account_number"),
    (OnlinePurchase, PURCHASE, "account_number"),
    (OnlinePurchase, PURCHASE, "plan_id"),
    (OnlinePurchase, PURCHASE, "term"),
    (TransactionRequest, PAYMENT, "account_number"),
    (AuthorizationSearch, {}, "account_number"),
    (verify, VERIFY, "security_qid"),
    (verify, VERIFY, "account_number"),
    (list_authorizations, {}, "page_number"),
    (refund, {"account_number": 1, "amount": 5}, "capture_id"),
    (lookup, {}, "account_number"),
    (calculate_interest, {"amount": 5}, "account_number"),
]
SEPARATORS = st.sampled_from([".", "-", "_", ",", "'", "/", "(", ")", "+", "e", "\u2011"])


@pytest.mark.parametrize(("make", "others", "name"), NUMBERS, ids=map(str, range(len(NUMBERS))))
@settings(max_examples=30)
@given(st.from_regex(r"[1-9][0-9]?", fullmatch=True), SEPARATORS, st.sampled_from(["", "0", "00"]))
def test_a_number_with_a_sign_or_a_point_is_not_another_number(
    make: Callable[..., object], others: dict[str, Any], name: str, digits: str, sign: str, end: str
) -> None:
    """`20009100.0` is not 200091000, `12.0` not 120, and `-1` not 1: the rule is quoted."""
    for text in (f"{digits}{sign}{end}", f"{sign}{digits}"):
        (error,) = errors_of(make, **{**others, name: text})

        assert "wrong format" == error.msg
        assert " digits" in error.hint


@pytest.mark.parametrize("text", ["20009100.0", "-1", "1.2", "+5", "2000-9100", "1e3", "٣"])
def test_the_rule_of_an_account_number(text: str) -> None:
    """The hint has the rule and an example."""
    (error,) = errors_of(PurchaseWidget, account_number=text)

    assert "must be 1 to 14 digits, greater than 0, such as 20009100" == error.hint


@pytest.mark.parametrize(
    "text", ["1070015210367982.0", "107001521036798.0", "1070 0152 1036 798.0", "-1070", "1,070"]
)
def test_a_card_number_is_not_a_decimal_number(text: str) -> None:
    """A card number from a spreadsheet, with a point and a zero, is refused."""
    (error,) = errors_of(PurchaseWidget, vcc_number=text)

    assert error.msg in {"wrong format", "length"}


GROUPS = st.sampled_from([" ", "-", ".", "\u00a0", "\u2009", "\u2011", "\u2013", " - ", "\u200b"])


@given(st.from_regex(r"[0-9]{16}", fullmatch=True), GROUPS)
def test_a_card_number_as_people_write_it(digits: str, gap: str) -> None:
    """Blanks, dashes and dots between the groups are removed."""
    written = gap.join(digits[place : place + 4] for place in range(0, 16, 4))

    assert Secret(digits) == PurchaseWidget(vcc_number=written).vcc_number
    assert Secret(digits) == PurchaseWidget(vcc_number=Secret(f" {written} ")).vcc_number


# Phone numbers.


@given(
    st.integers(2 * 10**9, 10**10 - 1),
    st.sampled_from(["{}{}{}", "({}) {}-{}", "{} {}\u2011{}", "{}.{}.{}", "{}\u2013{}\u2013{}"]),
    st.sampled_from(["", "+1", "+1 ", "1-", "tel:", "tel:+1-", "TEL:+1", "1\u00a0", "+1 "]),
    st.sampled_from([("", ""), ("\u202a", "\u202c"), (" \u200e", "\u00a0"), ("\ufeff", "\n")]),
)
def test_a_phone_number_as_it_is_copied(
    number: int, form: str, front: str, around: tuple[str, str]
) -> None:
    """Country code, `tel:`, dashes of any kind and direction marks are understood."""
    text = str(number)
    written = front + form.format(text[:3], text[3:6], text[6:])

    assert number == applied(phone_number=around[0] + written + around[1])["phone_number"]


@given(
    st.sampled_from(
        [" ext. 5", " x12", "#3", ";ext=12", " poste 7", ",12", " p. 4", " extension 1"]
    )
)
def test_an_extension_is_not_possible(extension: str) -> None:
    """A phone number with an extension is refused, and the hint says why."""
    given_: dict[str, Any] = {**APPLICANT, "phone_number": f"613 555-0100{extension}"}
    (error,) = errors_of(ApplyWidget, **given_)

    assert ("phone_number", "wrong format") == (error.param, error.msg)
    assert "must be 10 digits" in error.hint
    assert "extensions are not possible" in error.hint


@given(st.integers(10**10, 10**11 - 1))
def test_an_int_of_eleven_digits_is_no_phone_number(number: int) -> None:
    """Only text has a country code: an int of eleven digits has one too many."""
    given_: dict[str, Any] = {**APPLICANT, "phone_number": number}
    (error,) = errors_of(ApplyWidget, **given_)

    assert ("phone_number", "length") == (error.param, error.msg)


@pytest.mark.parametrize("text", ["6135550100.0", "613555010.0", "1613555010.0", "-6135550100"])
def test_a_phone_number_is_not_a_decimal_number(text: str) -> None:
    """A phone number with a point and a zero loses no digit, and gets none."""
    given_: dict[str, Any] = {**APPLICANT, "phone_number": text}

    assert ["wrong format"] == [error.msg for error in errors_of(ApplyWidget, **given_)]


# Texts.

AROUND = st.text(
    " \t\r\n\u0085\u00a0\u2028\u2029\u3000\u200b\u200e\u200f\u202a\u202c\ufeff", max_size=4
)
INSIDE = st.sampled_from("\x00\x1f\n\u0085\u2028\u200b\u200d\u200e\u202a\u00ad\ufeff\ud800")
TEXTS = {
    "first_name": f"{PERSON}.first_name",
    "last_name": f"{PERSON}.last_name",
    "dob": f"{PERSON}.dob",
    "postal_code": f"{PERSON}.postal_code",
    **{name: name for name in ("email", "address_1", "address_2", "city", "province", "lang")},
}
VALUES: dict[str, Any] = {**APPLICANT, "address_2": "Apt 5", "lang": "fr", "first_name": "Zoé-Anne"}


@given(st.sampled_from(list(TEXTS)), AROUND, AROUND)
def test_what_is_around_a_text_is_not_sent(name: str, before: str, after: str) -> None:
    """Outer blanks of any kind and outer invisible characters are removed."""
    assert VALUES[name] == at(applied(**{name: before + VALUES[name] + after}), TEXTS[name])


@given(st.sampled_from(["first_name", "last_name", "email", "address_1", "city"]), INSIDE)
def test_invisible_characters_inside_a_text_are_refused(name: str, character: str) -> None:
    """A text that a person sees otherwise than it is sent is refused."""
    text = VALUES[name]
    given_: dict[str, Any] = {**APPLICANT, name: f"{text[:3]}{character}{text[3:]}"}
    (error,) = errors_of(ApplyWidget, **given_)

    assert (TEXTS[name], True) == (error.param, error.msg in {"invalid", "wrong format"})


@given(AROUND)
def test_a_blank_optional_text_counts_as_missing(blank: str) -> None:
    """An optional field that is blank is not sent, and not required."""
    body = applied(address_2=blank, lang=blank)
    number: dict[str, Any] = dict.fromkeys((*JOHN, "email", "city", "address_1", "province"), blank)

    assert {"address_2", "lang"}.isdisjoint(body)
    assert {WHO: {"account_number": 1}, "flow": "purchase"} == sent(
        PurchaseWidget(account_number=1, **number)
    )


@given(AROUND)
def test_a_blank_required_text_is_missing(blank: str) -> None:
    """A required field that is blank is reported as required."""
    given_: dict[str, Any] = {**APPLICANT, "city": blank}

    assert ["required"] == [error.msg for error in errors_of(ApplyWidget, **given_)]


@pytest.mark.parametrize(
    "text",
    [
        "mailto:ada@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        '"ada"@example.com',
        "ada@example.com,",
        "ada@example.com;b@example.com",
        "ada@exam\u00a0ple.com",
        "a\u3000da@example.com",
        "ada@example..com",
        "ada@.example.com",
        "ada@[10.0.0.1]",
    ],
    ids=ascii,
)
def test_an_address_with_something_around_it_is_refused(text: str) -> None:
    """An e-mail address is the address alone."""
    given_: dict[str, Any] = {**APPLICANT, "email": text}
    (error,) = errors_of(ApplyWidget, **given_)

    assert ("email", "wrong format") == (error.param, error.msg)
    assert "such as name@example.com" in error.hint


@pytest.mark.parametrize("text", ["a.b+c@mail.example.com", "o'neil@b-c.ca", "zoé@exämple.qc.ca"])
def test_addresses_of_many_kinds_are_accepted(text: str) -> None:
    """The content of an e-mail address is left to the server."""
    assert text == applied(email=text)["email"]


# Words.

NAMES = {
    "AB": ["Alberta"],
    "BC": ["British Columbia", "Colombie-Britannique"],
    "MB": ["Manitoba"],
    "NB": ["New Brunswick", "Nouveau-Brunswick"],
    "NL": ["Newfoundland and Labrador", "Terre-Neuve-et-Labrador", "NF"],
    "NS": ["Nova Scotia", "Nouvelle-Écosse"],
    "NT": ["Northwest Territories", "Territoires du Nord-Ouest"],
    "NU": ["Nunavut"],
    "ON": ["Ontario"],
    "PE": ["Prince Edward Island", "Île-du-Prince-Édouard", "PEI"],
    "QC": ["Québec", "Quebec", "PQ"],
    "SK": ["Saskatchewan"],
    "YT": ["Yukon", "Territoire du Yukon"],
}
SPELLINGS = [
    (written, code)
    for code in Province
    for written in (code.value, f"CA-{code}", ".".join(code), *NAMES[code])
]


@given(
    st.sampled_from(SPELLINGS),
    st.sampled_from([str, str.upper, str.lower, " {} ".format]),
)
def test_provinces_by_name(spelling: tuple[str, str], write: Callable[[str], str]) -> None:
    """Names in both languages and ISO 3166-2 become the code."""
    written, code = spelling

    assert code == applied(province=write(written))["province"]
    assert code == sent(PurchaseWidget(account_number=1, province=write(written)))["province"]


@pytest.mark.parametrize("text", ["US-NY", "New York", "CA", "CA-XX", "Q", "ONT"])
def test_an_unknown_province_gets_a_hint(text: str) -> None:
    """The hint lists the codes, and mentions the names."""
    given_: dict[str, Any] = {**APPLICANT, "province": text}
    (error,) = errors_of(ApplyWidget, **given_)

    assert "must be one of AB, BC, MB" in error.hint
    assert "or the name, such as Québec" in error.hint


@given(
    st.sampled_from(["fr", "en"]),
    st.sampled_from(["", "-CA", "_CA", "-ca", "-Latn-CA"]),
    st.sampled_from([str, str.upper, " {} ".format]),
)
def test_a_language_tag_is_its_language(
    lang: str, region: str, write: Callable[[str], str]
) -> None:
    """Only the primary subtag counts, in the body and in queries."""
    tag: Any = write(lang + region)  # more tags than a type can list

    assert lang == applied(lang=tag)["lang"]
    assert lang == lookup(account_number=1, lang=tag).query["lang"]
    assert lang == authorize(OnlinePurchase(**PURCHASE), lang=tag).query["lang"]


@pytest.mark.parametrize("value", ["on", "true", "yes", 1, "True", [True]], ids=repr)
def test_consent_is_a_bool(value: object) -> None:
    """The text of a form is no consent, and the hint says what to do."""
    given_: dict[str, Any] = {**APPLICANT, "tos_agreement": value}
    (error,) = errors_of(ApplyWidget, **given_)

    assert ("tos_agreement", "invalid") == (error.param, error.msg)
    assert "must be True, the bool: the text of a form, such as 'on'" in error.hint


# Values that are plain in disguise.


class _Text(str):
    """As frameworks have them, for safe HTML or for translations."""

    __slots__ = ()

    def strip(self, chars: str | None = None, /) -> str:
        """Return anything but a plain text."""
        return _Text(super().strip(chars))


class _Number:
    """As numpy has them: a whole number, though not an `int`."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


class _Int(int):
    """A subclass of `int`."""


def _enumerated(value: object) -> object:
    return enum.Enum("_Enumerated", {"MEMBER": value}).MEMBER  # type: ignore[attr-defined]


DISGUISES = st.sampled_from([lambda value: value, _enumerated, None])


def _disguised(value: object, wrap: Callable[[object], object] | None) -> object:
    if wrap is not None:
        return wrap(value)
    if isinstance(value, str):
        return _Text(value)
    return value if isinstance(value, bool) or not isinstance(value, int) else _Number(value)


@given(st.fixed_dictionaries(dict.fromkeys(VALUES, DISGUISES)))
def test_plain_values_in_disguise(wraps: Mapping[str, Callable[[object], object] | None]) -> None:
    """Enumerations, subclasses and the integers of numpy are sent as what they stand for."""
    fields: dict[str, Any] = {
        name: _disguised(value, wraps[name]) for name, value in VALUES.items()
    }
    fields["tos_agreement"] = True  # nothing else is consent
    widget = ApplyWidget(**fields)

    assert sent(ApplyWidget(**VALUES)) == sent(widget)
    assert {str, int, bool} >= {type(value) for value in vars(widget).values() if value} - {
        type(widget.account_type)
    }


def plain_values() -> list[tuple[object, object]]:
    """Return values as they are kept, with what is expected."""
    return [
        (PurchaseWidget(vcc_number=1070015210367982).vcc_number, Secret("1070015210367982")),
        (PurchaseWidget(vcc_number=cast("str", _Number(5))).vcc_number, Secret("5")),
        (PurchaseWidget(account_number=_Int(5)).account_number, 5),
        (Product(quantity="2").quantity, 2),
        (Product(quantity="2.50").quantity, Decimal("2.50")),
        (Product(quantity=cast("int", _Number(2))).quantity, 2),
        (Product(sku_id=7).sku_id, "7"),
        (purchase(amount=_Number(300)).amount, Decimal(300)),
        (purchase(reference=4711).reference, "4711"),
        (purchase(term=_Number(12), plan_id="101").term, 12),
        (lookup(account_number=cast("int", _Number(7))).path_values, {}),
        (lookup(account_number=cast("int", _Number(7))).query["account_number"], "7"),
        (AuthorizationSearch(creation_date_to=datetime.max).creation_date_to, "9999-12-31"),  # noqa: DTZ901
    ]


def test_plain_values() -> None:
    """Numbers for texts of digits, text for numbers, and numbers that are no `int`."""
    values = plain_values()

    assert [expected for _, expected in values] == [value for value, _ in values]


class _NoDate(datetime):
    """As NaT of pandas: a datetime without a date."""

    def date(self) -> date:
        """Raise as NaT does."""
        raise ValueError


@pytest.mark.parametrize(
    "value", [_NoDate(1988, 7, 24), object(), b"1988-07-24", float("nan")], ids=map(str, range(4))
)
def test_foreign_values_are_field_errors(value: object) -> None:
    """A value that cannot be converted is refused with the field's rule, by no foreign error."""
    for name in VALUES.keys() - {"tos_agreement"}:
        given_: dict[str, Any] = {**APPLICANT, name: value}
        if name == "dob" or not isinstance(value, _NoDate):
            (error,) = errors_of(ApplyWidget, **given_)

            assert error.hint.startswith("must be ")


# Local rules.

NO_PAGE_HAS_THEM: list[tuple[str, str, str]] = [
    ("postal_code", "O1A 0B1", "invalid"),
    ("postal_code", "90210", "length"),
    ("postal_code", "K1A0BB", "wrong format"),
    ("dob", "1899-12-31", "invalid"),
    ("dob", "2015-01-01", "not of age"),
]
TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(("name", "text", "msg"), NO_PAGE_HAS_THEM)
def test_local_rules(name: str, text: str, msg: str) -> None:
    """Rules that no page of the API has can be switched off; the hint names the switch."""
    given_: dict[str, Any] = {**APPLICANT, name: text}
    widget = ApplyWidget(**given_)
    (error,) = errors_of(init_widget, widget=widget, today=TODAY)
    off = init_widget(widget, today=TODAY, local_rules="off")

    assert (f"{PERSON}.{name}", msg) == (error.param, error.msg)
    assert "local_rules='off'" in error.hint
    assert text.replace(" ", "") == at(cast("dict[str, Any]", off.body), f"{PERSON}.{name}")


@pytest.mark.parametrize(("name", "text", "msg"), NO_PAGE_HAS_THEM[:4])
def test_local_rules_of_other_calls(name: str, text: str, msg: str) -> None:
    """They are the same for a purchase and for a search."""
    person: dict[str, Any] = {**JOHN, name: text}
    (of_purchase,) = errors_of(init_widget, widget=PurchaseWidget(**person))
    (of_search,) = errors_of(search, **person)

    assert (msg, msg) == (of_purchase.msg, of_search.msg)
    assert isinstance(init_widget(PurchaseWidget(**person), local_rules="off"), Call)
    assert text.replace(" ", "") == search(**person, local_rules=LocalRules.OFF).query[name]


def test_the_rules_of_the_page_stay() -> None:
    """Without local rules the lengths and formats of the tables are checked."""
    given_: dict[str, Any] = {**APPLICANT, "postal_code": "x" * 11, "dob": "1988-02-30"}

    assert ["invalid", "length"] == [error.msg for error in errors_of(ApplyWidget, **given_)]


# A licence, identifiers, hints.


@given(st.text(min_size=1).filter(lambda text: text.strip() != ""))
def test_a_scan_is_left_to_the_server(scan: str) -> None:
    """A scan is sent with its accents and control characters."""
    assert {"code": Secret(scan)} == read_driverslicense(scan).body


def test_one_of_three_identifies_the_customer() -> None:
    """Without an identifier there is one error, and one sentence."""
    (error,) = errors_of(PurchaseWidget)

    assert (WHO, "required") == (error.param, error.msg)
    assert error.hint.startswith("one of the three identifies the customer: ")


@frozen
class _Field:
    """A field that has a rule."""

    model: str
    name: str
    rule: Rule


def _fields_with_rules() -> list[_Field]:
    found: list[_Field] = []
    for page in pkgutil.iter_modules(api.__path__):
        module = importlib.import_module(f"flexiti_async.api.{page.name}")
        for model in vars(module).values():
            if isinstance(model, type) and attrs.has(model) and model.__module__ == module.__name__:
                found += (
                    _Field(model.__name__, attribute.name, rule)
                    for attribute in attrs.fields(model)
                    for rule in attribute.metadata.values()
                    if isinstance(rule, Rule)
                )
    return found


def test_every_rule_has_an_example() -> None:
    """The `hint` for a developer is the rule, and an example or the list of words."""
    fields = _fields_with_rules()
    shown = ("such as ", "must be one of ", "must be an object of type ", "must be True")

    assert len(fields) > 60
    assert [] == [one for one in fields if not one.rule.check.rule.startswith("must be ")]
    assert [] == [
        (one.model, one.name) for one in fields if not any(s in one.rule.check.rule for s in shown)
    ]


def test_a_missing_field_comes_with_its_rule() -> None:
    """Errors of missing fields have hints as well, also those that other fields require."""
    missing = [
        *errors_of(ApplyWidget),
        *errors_of(PurchaseWidget, first_name="John"),
        *errors_of(OnlinePurchase, **{**PURCHASE, "plan_id": None}),
        *errors_of(verify, **{**VERIFY, "security_answer": None}),
        *errors_of(lookup),
        *errors_of(TransactionRequest, **{**PAYMENT, "account_number": ""}),
    ]

    assert 17 == len(missing)
    assert [] == [
        error for error in missing if "such as" not in error.hint and "must" not in error.hint
    ]
