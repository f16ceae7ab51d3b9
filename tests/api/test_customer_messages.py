"""Texts for customers, in both languages."""

from typing import Any

import attrs
import pytest

from flexiti_async.api.common import Language
from flexiti_async.api.customer_messages import customer_text, customer_texts
from flexiti_async.api.widget import ApplyWidget, PurchaseWidget, init_widget
from flexiti_async.errors import FieldError, ValidationError, WrongInputs

from .test_widget_body import APPLICANT

MODELS = (ApplyWidget, PurchaseWidget)
PERSON = "customer_identification.personal_information."


@pytest.mark.parametrize(
    ("param", "msg", "english", "french"),
    [
        (
            f"{PERSON}postal_code",
            "invalid",
            "The postal code is not valid. Please enter the postal code, for example K1A 0B1.",
            (
                "Le code postal n'est pas valide. Veuillez indiquer le code postal, par exemple "
                "K1A 0B1."
            ),
        ),
        (
            "city",
            "required",
            "Please enter the city, for example Toronto.",
            "Veuillez indiquer la ville, par exemple Montréal.",
        ),
        (
            "vcc_number",
            "length",
            (
                "The card number has the wrong length. Please enter the card number with at most "
                "16 digits, as on the card."
            ),
            (
                "Le numéro de carte n'a pas la bonne longueur. Veuillez indiquer le numéro de "
                "carte de 16 chiffres au plus, comme sur la carte."
            ),
        ),
        (
            "phone_number",
            "wrong format",
            (
                "The phone number has the wrong format. Please enter the phone number with ten "
                "digits, without an extension, for example 613-555-0100."
            ),
            (
                "Le numéro de téléphone n'a pas le bon format. Veuillez indiquer le numéro de "
                "téléphone à dix chiffres, sans poste, par exemple 613-555-0100."
            ),
        ),
        (
            "tos_agreement",
            "required",
            "Please accept the cardholder agreement.",
            "Veuillez accepter la convention du titulaire de carte.",
        ),
        (
            f"{PERSON}dob",
            "not of age",
            (
                "According to the date of birth, you have not reached the age of majority in your "
                "province."
            ),
            (
                "Selon la date de naissance, vous n'avez pas atteint l'âge de la majorité dans "
                "votre province."
            ),
        ),
        (
            "customer_identification",
            "required",
            (
                "Please enter the account number, the card number, or the name, the date of birth "
                "and the postal code."
            ),
            (
                "Veuillez indiquer le numéro de compte, le numéro de carte, ou le nom, la date de "
                "naissance et le code postal."
            ),
        ),
        (
            "email",
            "taken",
            (
                "The e-mail address is not valid. Please enter the e-mail address, for example "
                "name@example.com."
            ),
            (
                "L'adresse courriel n'est pas valide. Veuillez indiquer l'adresse courriel, par "
                "exemple nom@example.com."
            ),
        ),
        (
            "shoe_size",
            "invalid",
            "The field “shoe_size” is not valid.",
            "Le champ «\xa0shoe_size\xa0» n'est pas valide.",
        ),
        (
            "shoe_size",
            "required",
            "Please enter the field “shoe_size”.",
            "Veuillez indiquer le champ «\xa0shoe_size\xa0».",
        ),
    ],
    ids=map(str, range(10)),
)
def test_sentences(param: str, msg: str, english: str, french: str) -> None:
    """The text names the field and what to enter, also for an unknown parameter or code."""
    error = FieldError(param, msg, "5 characters")

    assert (english, english) == (customer_text(error), customer_text(error, "en"))
    assert (french, french) == (customer_text(error, "fr"), customer_text(error, Language.FRENCH))


def test_no_other_language() -> None:
    """An unknown language is rejected."""
    with pytest.raises(ValueError, match="lang"):
        customer_text(FieldError("city", "required"), "de")


def test_all_problems_of_an_application() -> None:
    """Every missing field of an application has a sentence without field names."""
    with pytest.raises(ValidationError) as caught:
        ApplyWidget()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    english, french = (customer_texts(caught.value, lang) for lang in ("en", "fr"))

    assert len(caught.value.field_errors) == len(set(english)) == len(set(french))
    assert not [text for text in (*english, *french) if "_" in text or "“" in text or "«" in text]


def test_every_field_that_a_customer_fills_has_a_name() -> None:
    """Each field of an application has a name in both languages."""
    names = [attribute.name for attribute in attrs.fields(ApplyWidget)]
    texts = {
        customer_text(FieldError(name, "invalid"), lang) for name in names for lang in Language
    }

    assert 2 * len(names) == len(texts)
    assert not [text for text in texts if "“" in text or "«" in text]


def test_errors_from_the_api() -> None:
    """Field errors from the API have sentences, too."""
    error = WrongInputs(status=409, field_errors=[FieldError("dob", "invalid", "****")])

    (text,) = customer_texts(error, "fr-CA")

    assert text.startswith("La date de naissance n'est pas valide. Veuillez indiquer")


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("msg", ["required", "length", "wrong format", "invalid"])
def test_what_to_enter(lang: Language, msg: str) -> None:
    """For every field of a customer and every problem the text says what to enter."""
    asks = "Please enter " if lang is Language.ENGLISH else "Veuillez indiquer "
    names = {attribute.name for model in MODELS for attribute in attrs.fields(model)}
    texts = {name: customer_text(FieldError(name, msg), lang) for name in names}

    assert ["tos_agreement"] == [name for name, text in texts.items() if asks not in text]


@pytest.mark.parametrize("lang", Language)
def test_examples_are_valid(lang: Language) -> None:
    """Customers who enter the examples of the texts pass."""
    names = [*APPLICANT, "account_number", "address_2"]
    texts = {name: customer_text(FieldError(name, "required"), lang) for name in names}
    split = ", for example " if lang is Language.ENGLISH else ", par exemple "
    examples = {
        name: text.partition(split)[2].removesuffix(".")
        for name, text in texts.items()
        if split in text
    }
    given: dict[str, Any] = {**APPLICANT, **examples}

    assert 9 == len(examples)
    assert "widget/init" == init_widget(ApplyWidget(**given)).endpoint
