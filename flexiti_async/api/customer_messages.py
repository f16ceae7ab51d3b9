"""
Field errors as sentences for the customer, in English and in French.

`FieldError.msg` is the API's code, for programs; these are the texts for people. No sentence
contains the value itself.
"""

from collections.abc import Mapping
from typing import Final

from flexiti_async.api.common import Language
from flexiti_async.api.converters import language_of_tag
from flexiti_async.errors import ApiError, FieldError, ValidationError
from flexiti_async.protocol.arguments import word, wrong_type
from flexiti_async.protocol.validators import (
    INVALID,
    LENGTH,
    NOT_OF_AGE,
    REQUIRED,
    WRONG_FORMAT,
)

__all__ = ["customer_text", "customer_texts"]

_ENGLISH: Final = "en"

# Nouns with their article, and how to enter them. All are singular, and no sentence has a
# participle or an adjective that would have to agree. Every example passes the rules as it is.
_NAMES: Final[Mapping[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    "account_number": (
        ("the account number", " with 1 to 14 digits, for example 20009100"),
        ("le numéro de compte", " de 1 à 14 chiffres, par exemple 20009100"),
    ),
    "account_type": (
        ("the account type", ", consumer or business"),
        ("le type de compte", ", consumer ou business"),
    ),
    "address_1": (
        ("the address", " with number and street, for example 12 Main Street"),
        ("l'adresse", " avec le numéro et la rue, par exemple 12, rue Principale"),
    ),
    "address_2": (
        ("the second line of the address", ", for example Suite 12"),
        ("la deuxième ligne de l'adresse", ", par exemple app. 12"),
    ),
    "amount": (
        ("the amount", " in dollars, for example 12.50"),
        ("le montant", " en dollars, par exemple 12.50"),
    ),
    "city": (("the city", ", for example Toronto"), ("la ville", ", par exemple Montréal")),
    "code": (
        ("the scan of the driver's licence", " by scanning the barcode once more"),
        ("la lecture du permis de conduire", " en lisant le code à barres encore une fois"),
    ),
    "customer_id": (
        ("the customer number", ", for example 1234567-12345"),
        ("le numéro de client", ", par exemple 1234567-12345"),
    ),
    "dob": (
        ("the date of birth", " as year, month and day, for example 1988-07-24"),
        ("la date de naissance", " par année, mois et jour, par exemple 1988-07-24"),
    ),
    "email": (
        ("the e-mail address", ", for example name@example.com"),
        ("l'adresse courriel", ", par exemple nom@example.com"),
    ),
    "first_name": (
        ("the first name", " as on your identity document"),
        ("le prénom", " comme sur votre pièce d'identité"),
    ),
    "lang": (("the language", ", en or fr"), ("la langue", ", en ou fr")),
    "last_name": (
        ("the last name", " as on your identity document"),
        ("le nom de famille", " comme sur votre pièce d'identité"),
    ),
    "phone_number": (
        ("the phone number", " with ten digits, without an extension, for example 613-555-0100"),
        ("le numéro de téléphone", " à dix chiffres, sans poste, par exemple 613-555-0100"),
    ),
    "postal_code": (
        ("the postal code", ", for example K1A 0B1"),
        ("le code postal", ", par exemple K1A 0B1"),
    ),
    "province": (
        ("the province", " by its name or two letters, for example ON"),
        ("la province", " par son nom ou par deux lettres, par exemple QC"),
    ),
    "security_answer": (
        ("the answer to the security question", " with at most 50 characters"),
        ("la réponse à la question de sécurité", " en 50 caractères au plus"),
    ),
    "vcc_number": (
        ("the card number", " with at most 16 digits, as on the card"),
        ("le numéro de carte", " de 16 chiffres au plus, comme sur la carte"),
    ),
    "verification_code": (
        ("the verification code", " as you received it, for example 1234"),
        ("le code de vérification", " comme vous l'avez reçu, par exemple 1234"),
    ),
}

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    REQUIRED: ("", ""),
    LENGTH: ("{} has the wrong length. ", "{} n'a pas la bonne longueur. "),
    WRONG_FORMAT: ("{} has the wrong format. ", "{} n'a pas le bon format. "),
    INVALID: ("{} is not valid. ", "{} n'est pas valide. "),
}
_REQUESTS: Final = ("Please enter {}{}.", "Veuillez indiquer {}{}.")

_WHOLE: Final[Mapping[str, tuple[str, str]]] = {
    "customer_identification": (
        (
            "Please enter the account number, the card number, or the name, the date of birth and "
            "the postal code."
        ),
        (
            "Veuillez indiquer le numéro de compte, le numéro de carte, ou le nom, la date de "
            "naissance et le code postal."
        ),
    ),
    "tos_agreement": (
        "Please accept the cardholder agreement.",
        "Veuillez accepter la convention du titulaire de carte.",
    ),
}
"""Parameters with one sentence for every problem."""

_NOT_OF_AGE: Final = (
    "According to the date of birth, you have not reached the age of majority in your province.",
    "Selon la date de naissance, vous n'avez pas atteint l'âge de la majorité dans votre province.",
)


def customer_text(error: FieldError, lang: str = _ENGLISH) -> str:
    """
    Return the text for the customer about one field error: the field, and what to enter.

    Args:
        error: From the library or the API; unknown codes read like `invalid`.
        lang: `en` or `fr`, also as a tag such as `fr-CA`.

    Raises:
        ValidationError: The language is not `en` or `fr`, or the error is no `FieldError`.
    """
    problem = wrong_type("error", error, FieldError)
    if problem is not None:
        raise problem
    which = 1 if word(Language, "lang", language_of_tag(lang)) is Language.FRENCH else 0
    if error.msg == NOT_OF_AGE:
        return _NOT_OF_AGE[which]
    param = error.param.rpartition(".")[2]
    if param in _WHOLE:
        return _WHOLE[param][which]
    unknown = (f"the field “{param}”", ""), (f"le champ «\u00a0{param}\u00a0»", "")
    name, how = _NAMES.get(param, unknown)[which]
    text = _SENTENCES.get(error.msg, _SENTENCES[INVALID])[which].format(name)
    if how or not text:
        text += _REQUESTS[which].format(name, how)
    return (text[0].upper() + text[1:]).rstrip()


def customer_texts(error: ValidationError | ApiError, lang: str = _ENGLISH) -> list[str]:
    """
    Return a sentence for the customer about each field error, in order.

    Args:
        error: Raised before a call, or from the API's answer (`WrongInputs`).
        lang: `en` or `fr`, also as a tag such as `fr-CA`.

    Raises:
        ValidationError: The language is not `en` or `fr`, or the error has no field errors.
    """
    problem = wrong_type("error", error, ValidationError, ApiError)
    if problem is not None:
        raise problem
    word(Language, "lang", language_of_tag(lang))  # also if there is no field error
    return [customer_text(entry, lang) for entry in error.field_errors]
