"""
Field errors as sentences for the customer, in English and in French.

`FieldError.msg` is the API's code, for programs; these are the texts for people. No sentence
contains the value itself.
"""

from collections.abc import Mapping
from typing import Final

from flexiti_async.api.common import Language
from flexiti_async.errors import ApiError, FieldError, ValidationError
from flexiti_async.protocol.arguments import word, wrong_type
from flexiti_async.protocol.validators import INVALID, LENGTH, REQUIRED, WRONG_FORMAT

__all__ = ["customer_text", "customer_texts"]

_ENGLISH: Final = "en"

# Nouns with their article. All are singular, and no sentence has a participle or an adjective that
# would have to agree.
_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "account_number": ("the account number", "le numéro de compte"),
    "account_type": ("the account type", "le type de compte"),
    "address_1": ("the address", "l'adresse"),
    "address_2": ("the second line of the address", "la deuxième ligne de l'adresse"),
    "amount": ("the amount", "le montant"),
    "city": ("the city", "la ville"),
    "code": ("the scan of the driver's licence", "la lecture du permis de conduire"),
    "customer_id": ("the customer number", "le numéro de client"),
    "dob": ("the date of birth", "la date de naissance"),
    "email": ("the e-mail address", "l'adresse courriel"),
    "first_name": ("the first name", "le prénom"),
    "lang": ("the language", "la langue"),
    "last_name": ("the last name", "le nom de famille"),
    "phone_number": ("the phone number", "le numéro de téléphone"),
    "postal_code": ("the postal code", "le code postal"),
    "province": ("the province", "la province"),
    "security_answer": (
        "the answer to the security question",
        "la réponse à la question de sécurité",
    ),
    "vcc_number": ("the card number", "le numéro de carte"),
    "verification_code": ("the verification code", "le code de vérification"),
}

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    REQUIRED: ("Please enter {}.", "Veuillez indiquer {}."),
    LENGTH: ("{} has the wrong length.", "{} n'a pas la bonne longueur."),
    WRONG_FORMAT: ("{} has the wrong format.", "{} n'a pas le bon format."),
    INVALID: ("{} is not valid.", "{} n'est pas valide."),
}

_WHOLE: Final[Mapping[str, tuple[str, str]]] = {
    "tos_agreement": (
        "Please accept the cardholder agreement.",
        "Veuillez accepter la convention du titulaire de carte.",
    ),
}
"""Parameters with one sentence for every problem."""


def customer_text(error: FieldError, lang: str = _ENGLISH) -> str:
    """
    Return a sentence for the customer about one field error.

    Args:
        error: From the library or the API; unknown codes read like `invalid`.
        lang: `en` or `fr`.

    Raises:
        ValidationError: The language is not `en` or `fr`, or the error is no `FieldError`.
    """
    problem = wrong_type("error", error, FieldError)
    if problem is not None:
        raise problem
    which = 1 if word(Language, "lang", lang) is Language.FRENCH else 0
    param = error.param.rpartition(".")[2]
    if param in _WHOLE:
        return _WHOLE[param][which]
    name = _NAMES.get(param, (f"the field “{param}”", f"le champ «\u00a0{param}\u00a0»"))[which]
    text = _SENTENCES.get(error.msg, _SENTENCES[INVALID])[which].format(name)
    return text[0].upper() + text[1:]


def customer_texts(error: ValidationError | ApiError, lang: str = _ENGLISH) -> list[str]:
    """
    Return a sentence for the customer about each field error, in order.

    Args:
        error: Raised before a call, or from the API's answer (`WrongInputs`).
        lang: `en` or `fr`.

    Raises:
        ValidationError: The language is not `en` or `fr`, or the error has no field errors.
    """
    problem = wrong_type("error", error, ValidationError, ApiError)
    if problem is not None:
        raise problem
    word(Language, "lang", lang)  # also if there is no field error
    return [customer_text(entry, lang) for entry in error.field_errors]
