"""POST merchants/login (spec section 3): required by the start page, deprecated since."""

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.validation.request import authorize, json_object, reference_id_errors
from flexiti_async.sandbox.validation.widget import LANGUAGES, PROVINCES
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import (
    INVALID,
    WRONG_FORMAT,
    FieldError,
    RefusalError,
    wrong_inputs,
)
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["answer", "form_values"]

_FIELDS = ("merchant_username", "merchant_password")

_FORM_VALUES: dict[str, tuple[str | int, ...]] = {
    "salutation": ("mr", "ms", "mrs", "mss"),
    "province": PROVINCES,
    "security_qid": (4, 5, 6, 7, 8, 9),
    "govid_type": (
        "CADL", "CAHC", "CAPID", "CAP", "CAPRC", "CAICBC",
        "CAAR", "CASGI", "CADSNS", "CADPPEI", "CASNB", "CADGSNF",
    ),
}  # fmt: skip


@invents(
    "merchants/login",
    (
        "Without a body it logs in the default merchant; the elements of `form_values` are "
        '`{"id": …}`.'
    ),
    spec="3",
)
@invents(
    "merchants/login",
    "It is not needed before widget/init.",
    spec="8.10",
    setting="require_merchant_login",
)
def answer(incoming: Incoming, settings: Settings, backend: Backend) -> dict[str, Json]:
    """Log the merchant in with this token; without a body, the default merchant."""
    token = authorize(incoming, settings, backend.ledger)
    body, errors = json_object(incoming) if incoming.body else ({}, [])
    errors = [*reference_id_errors(incoming), *_lang_errors(incoming), *errors]
    errors += _body_errors(body, settings)
    if errors:
        raise wrong_inputs(errors)
    given = tuple(body.get(name) for name in _FIELDS)
    if body.keys() & set(_FIELDS) and given != (
        settings.merchant_username,
        settings.merchant_password,
    ):
        raise RefusalError(
            409, "authentication_failure", "The merchant user name or password is wrong."
        )
    token.merchant_logged_in = True
    return {
        "merchant_name": settings.merchant_name,
        "merchant_id": settings.merchant_id,
        "form_values": form_values(),
    }


def form_values() -> dict[str, Json]:
    """Return the options of a form's drop-down lists (spec section 3; later part of i18n)."""
    return {name: [{"id": value} for value in values] for name, values in _FORM_VALUES.items()}


def _lang_errors(incoming: Incoming) -> list[FieldError]:
    return [
        FieldError("lang", INVALID, value)
        for name, value in incoming.query
        if name == "lang" and value not in LANGUAGES
    ]


def _body_errors(body: dict[str, Json], settings: Settings) -> list[FieldError]:
    errors = [
        FieldError(name, WRONG_FORMAT)  # not echoed: it may be a password
        for name in _FIELDS
        if name in body and not isinstance(body[name], str)
    ]
    if not settings.allow_unknown_fields:
        errors += [
            FieldError(name, INVALID, value) for name, value in body.items() if name not in _FIELDS
        ]
    return errors
