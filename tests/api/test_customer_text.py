"""What a customer is told, in both languages."""

import attrs
import pytest

from flexiti_async.api.common import Language
from flexiti_async.api.customer_text import customer_text, customer_texts
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
        ("city", "required", "Please give the city.", "Veuillez indiquer la ville."),
        (
            "address_1",
            "length",
            "The address does not have the right length.",
            "L'adresse n'a pas la bonne longueur.",
        ),
        (
            "phone_number",
            "wrong format",
            "The phone number does not have the right format.",
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
    """A fault is a sentence, also where parameter or code are not among our own."""
    fault = FieldError(param, msg, "5 characters")

    assert (english, english) == (customer_text(fault), customer_text(fault, "en"))
    assert (french, french) == (customer_text(fault, "fr"), customer_text(fault, Language.FRENCH))


def test_no_other_language() -> None:
    """A language that there is not is refused."""
    with pytest.raises(ValueError, match="'de'"):
        customer_text(FieldError("city", "required"), "de")


def test_all_faults_of_an_application() -> None:
    """Whatever an application lacks is told, fault by fault, in words and not by field names."""
    with pytest.raises(ValidationError) as caught:
        ApplyWidget()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    english, french = (customer_texts(caught.value, lang) for lang in ("en", "fr"))

    assert len(caught.value.field_errors) == len(set(english)) == len(set(french))
    assert not [text for text in (*english, *french) if "_" in text or "“" in text or "«" in text]


def test_every_field_that_a_customer_fills_has_a_name() -> None:
    """Each field of an application has words of its own."""
    names = [attribute.name for attribute in attrs.fields(ApplyWidget)]
    texts = {
        customer_text(FieldError(name, "invalid"), lang) for name in names for lang in Language
    }

    assert 2 * len(names) == len(texts)
    assert not [text for text in texts if "“" in text or "«" in text]


def test_faults_that_the_api_found() -> None:
    """Also what the API found is told."""
    error = WrongInputs(status=409, field_errors=[FieldError("dob", "invalid", "****")])

    assert ["La date de naissance n'est pas valide."] == customer_texts(error, "fr")
