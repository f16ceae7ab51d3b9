"""Texts for customers, in both languages."""

import attrs
import pytest

from flexiti_async.api.common import Language
from flexiti_async.api.customer_messages import customer_text, customer_texts
from flexiti_async.api.widget import ApplyWidget
from flexiti_async.errors import FieldError, ValidationError, WrongInputs

PERSON = "customer_identification.personal_information."


@pytest.mark.parametrize(
    ("param", "msg", "english", "french"),
    [
        (
            f"{PERSON}postal_code",
            "invalid",
            "The postal code is not valid.",
            "Le code postal n'est pas valide.",
        ),
        ("city", "required", "Please enter the city.", "Veuillez indiquer la ville."),
        (
            "address_1",
            "length",
            "The address has the wrong length.",
            "L'adresse n'a pas la bonne longueur.",
        ),
        (
            "phone_number",
            "wrong format",
            "The phone number has the wrong format.",
            "Le numéro de téléphone n'a pas le bon format.",
        ),
        (
            "tos_agreement",
            "required",
            "Please accept the cardholder agreement.",
            "Veuillez accepter la convention du titulaire de carte.",
        ),
        (
            "email",
            "taken",
            "The e-mail address is not valid.",
            "L'adresse courriel n'est pas valide.",
        ),
        (
            "shoe_size",
            "invalid",
            "The field “shoe_size” is not valid.",
            "Le champ «\xa0shoe_size\xa0» n'est pas valide.",
        ),
    ],
    ids=map(str, range(7)),
)
def test_sentences(param: str, msg: str, english: str, french: str) -> None:
    """A field error is a sentence, also for an unknown parameter or code."""
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

    assert ["La date de naissance n'est pas valide."] == customer_texts(error, "fr")
