"""POST account/…/verify and accounts/…/close (spec sections 5.8 and 5.10)."""

from decimal import Decimal
from typing import Literal

from attrs import frozen

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.codes import Codes, Message
from flexiti_async.sandbox.validation.fields import Fields, of_body
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.errors import RefusalError, not_found
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["BYPASS", "BYPASS_MOST", "close", "verify", "wrong_code"]

BYPASS = "regular_purchase_bypass"
"""The `format` that skips the verification; its code is valid for small regular purchases only."""
BYPASS_MOST = Decimal("200.00")
"""Largest regular purchase that needs no verification (spec section 5.9)."""

_FORMATS = ("sms", "email", "merchant_override", "security_question", BYPASS)


@frozen
class _Request:
    format: str
    request_id: str
    security_qid: int
    security_answer: str
    vcc_number: str


def verify(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Verify a customer in store.

    The answer for `security_question`, `merchant_override` and `regular_purchase_bypass` is a code,
    a number. For `sms` it is the API's literal, and the code is in `Sandbox.messages`; for `email`
    likewise, with a literal of the sandbox's own. `format` and `request_id` are required: the
    stricter reading. The fourth wrong answer within 48 hours, and everything after it, is
    `tries_exceed`; wrong codes in a transaction or an authorization count as well.
    """
    authorize(incoming, settings, backend.ledger)
    request = _read(of_body(incoming, settings))
    account = backend.bank.accounts.in_path(incoming.path_values["account_number"])
    if request.vcc_number and request.vcc_number not in account.cards:
        raise not_found("card")
    now = settings.now()
    _check_tries(account, backend.codes, now)
    _check(request, account, settings, backend, now)
    code = backend.codes.issue(account.account_number, request.request_id, request.format)
    if request.format in {"sms", "email"}:
        return {"verification_code": _send(request.format, code, account, backend.codes)}
    return {"verification_code": int(code)}


def _read(fields: Fields) -> _Request:
    how = fields.choice("format", *_FORMATS, required=True)
    question = how == "security_question"
    request = _Request(
        format=how,
        request_id=fields.text("request_id", 150, required=True),
        security_qid=fields.number("security_qid", 5, required=question),
        security_answer=fields.text("security_answer", 50, required=question),
        vcc_number=fields.text("vcc_number", 16),
    )
    fields.check()
    return request


def _check(
    request: _Request, account: Account, settings: Settings, backend: Backend, now: float
) -> None:
    if request.format == "merchant_override" and not settings.merchant_override:
        raise RefusalError(
            409, "merchant_override_is_not_allowed", "The merchant may not override."
        )
    if request.format == BYPASS and not backend.bank.few_regular_purchases(account, now):
        raise RefusalError(
            409, "regular_purchase_bypass_is_not_allowed", "There were too many purchases."
        )
    if request.format == "sms" and account.phone_number is None:
        raise RefusalError(400, "sms_not_valid_phone", "The customer has no mobile phone.")
    if request.format == "security_question" and (
        request.security_qid != account.security_qid
        or request.security_answer.casefold() != account.security_answer.casefold()
    ):
        backend.codes.note_wrong(account.account_number, now)
        _check_tries(account, backend.codes, now)
        raise RefusalError(409, "secret_answer_mismatch", "The answer is wrong.")


def _check_tries(account: Account, codes: Codes, now: float) -> None:
    if codes.exhausted(account.account_number, now):
        raise RefusalError(409, "tries_exceed", "There were too many wrong answers.")


def _send(how: str, code: str, account: Account, codes: Codes) -> str:
    channel: Literal["sms", "email"] = "sms" if how == "sms" else "email"
    codes.sent.append(Message(account.account_number, channel, code))
    return f"verification_sent_to_{channel}"


def wrong_code(account: Account, request_id: str, code: str, codes: Codes, now: float) -> str:
    """
    Compare a code with the one that was issued for a request in store.

    Returns:
        An error code of spec section 6.3: `not_verified` if no code was issued for this request,
        `wrong_verification_code` if a different one was; empty if the code is right.
    """
    issued = codes.find(account.account_number, request_id)
    if issued is None:
        return "not_verified"
    if issued.code != code:
        codes.note_wrong(account.account_number, now)
        return "wrong_verification_code"
    return ""


def close(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Close an account in Quebec; an account elsewhere, or a closed one, is a 403.

    The spec has two errors and does not say when each applies: this is the sandbox's own choice,
    and so is the reason code of an account that its owner closed, `FCCS`.
    """
    authorize(incoming, settings, backend.ledger)
    of_body(incoming, settings, optional=True).check()
    account = backend.bank.accounts.in_path(incoming.path_values["account_number"])
    if account.province != "QC":
        raise RefusalError(403, "not_permitted", "Only accounts in Quebec can be closed.")
    if account.account_status == "C":
        raise RefusalError(403, "not_permitted", "The account is closed already.")
    account.account_status = "C"
    account.account_status_reason_code = "FCCS"
    return {}
