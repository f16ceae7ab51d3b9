"""
Faults of parameters as sentences for the customer, in English and in French.

`FieldError.msg` is the API's code, for programs; this is the one table of what a person is told.
The value itself is in no sentence.
"""

from collections.abc import Mapping
from typing import Final

from flexiti_async.errors import ApiError, FieldError, ValidationError
from flexiti_async.protocol.validators import INVALID, LENGTH, REQUIRED, WRONG_FORMAT

__all__ = ["customer_text", "customer_texts"]

_ENGLISH: Final = "en"
_FRENCH: Final = "fr"

# Words with their article, to make sentences of. All are singular, and no sentence
# has a participle or an adjective that would have to agree.
_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "account_number": ("the account number", "le numéro de compte"),
    "account_type": ("the type of account", "le type de compte"),
    "address_1": ("the address", "l'adresse"),
    "address_2": ("the second line of the address", "la deuxième ligne de l'adresse"),
    "amount": ("the amount", "le montant"),
    "city": ("the city", "la ville"),
    "code": ("the scan of the driving licence", "la lecture du permis de conduire"),
    "customer_id": ("the customer number", "le numéro de client"),
    "dob": ("the date of birth", "la date de naissance"),
    "email": ("the e-mail address", "l'adresse courriel"),
    "first_name": ("the first name", "le prénom"),
    "lang": ("the language", "la langue"),
    "last_name": ("the last name", "le nom de famille"),
    "phone_number": ("the phone number", "le numéro de téléphone"),
    "postal_code": ("the postal code", "le code postal"),
    "province": ("the province", "la province"),
    "security_answer": ("the answer", "la réponse"),
    "vcc_number": ("the card number", "le numéro de carte"),
    "verification_code": ("the verification code", "le code de vérification"),
}

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    REQUIRED: ("Please give {}.", "Veuillez indiquer {}."),
    LENGTH: ("{} does not have the right length.", "{} n'a pas la bonne longueur."),
    WRONG_FORMAT: ("{} does not have the right format.", "{} n'a pas le bon format."),
    INVALID: ("{} is not valid.", "{} n'est pas valide."),
}

_WHOLE: Final[Mapping[str, tuple[str, str]]] = {
    "tos_agreement": (
        "Please accept the cardholder agreement.",
        "Veuillez accepter la convention du titulaire de carte.",
    ),
}
"""Parameters whose every fault is told in the same words."""


def customer_text(fault: FieldError, lang: str = _ENGLISH) -> str:
    """
    Tell a customer what is wrong with one of their entries.

    Args:
        fault: Found by us, or by the API; a code that is not among our own is told as `invalid`.
        lang: `en` or `fr`.

    Raises:
        ValueError: No such language.
    """
    if lang not in (_ENGLISH, _FRENCH):
        msg = f"there are no texts in {lang!r}, only in 'en' and 'fr'"
        raise ValueError(msg)
    which = 1 if lang == _FRENCH else 0
    param = fault.param.rpartition(".")[2]
    if param in _WHOLE:
        return _WHOLE[param][which]
    name = _NAMES.get(param, (f"the field “{param}”", f"le champ «\u00a0{param}\u00a0»"))[which]
    text = _SENTENCES.get(fault.msg, _SENTENCES[INVALID])[which].format(name)
    return text[0].upper() + text[1:]


def customer_texts(error: ValidationError | ApiError, lang: str = _ENGLISH) -> list[str]:
    """
    Tell a customer what is wrong with their entries, a sentence for each fault, in order.

    Args:
        error: Raised before a call, or made of the API's answer (`WrongInputs`).
        lang: `en` or `fr`.

    Raises:
        ValueError: No such language.
    """
    return [customer_text(fault, lang) for fault in error.field_errors]
