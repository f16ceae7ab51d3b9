"""
accounts: verify a customer in store, and close an account (spec sections 5.8 and 5.10).

The cost of a purchase (calculate-interest) is in `flexiti_async.api.plans`.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from attrs import field, frozen

from flexiti_async.api.common import ACCOUNT_TEXT, CARD
from flexiti_async.api.converters import (
    to_card,
    to_id,
    to_number,
    to_number_text,
    to_secret,
    to_word,
)
from flexiti_async.api.endpoints import CLOSE, VERIFY
from flexiti_async.api.payment_fields import REQUEST_ID
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import Secret, not_pickled
from flexiti_async.protocol.structuring import NumberText, no_extra
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, missing, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import (
    WRONG_FORMAT,
    Check,
    number_check,
    one_of_check,
    text_check,
)

__all__ = [
    "ClosedAccount",
    "Verification",
    "VerificationFormat",
    "VerificationFormatWord",
    "close",
    "verify",
]


class VerificationFormat(enum.StrEnum):
    """How a customer in the store is verified (spec section 5.8)."""

    SMS = "sms"
    """A text message with a code that the customer reads out."""
    EMAIL = "email"
    """The same by e-mail."""
    MERCHANT_OVERRIDE = "merchant_override"
    """The merchant vouches for the customer, where Flexiti allows it."""
    SECURITY_QUESTION = "security_question"
    """The security question of customers/lookup."""
    REGULAR_PURCHASE_BYPASS = "regular_purchase_bypass"
    """No verification: small purchases (`RegularPurchase.verify` of calculate-interest)."""


VerificationFormatWord = Literal[
    "sms",
    "email",
    "merchant_override",
    "security_question",
    "regular_purchase_bypass",
]
"""A `VerificationFormat` as text."""


@not_pickled
@frozen
class Verification(AnswerModel):
    """
    The answer of verify. The code is not in the repr.

    Attributes:
        verification_code: A code for authorization and transactions. Leading zeros are kept if the
            API sends a string (a number has lost them; spec section 8 row 34). For `sms` it is
            `verification_sent_to_sms`; for `email` UNKNOWN.
        extra: Fields of the answer that this release does not know.
    """

    verification_code: NumberText | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    @property
    def code(self) -> str | None:
        """The code, or None if it was sent to the customer, who reads it out."""
        code = self.verification_code
        return code if code is not None and code.isascii() and code.isdigit() else None


@not_pickled
@frozen
class ClosedAccount(AnswerModel):
    """
    The answer of close: an empty object.

    Attributes:
        extra: Fields of the answer that this release does not know.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


_TEXT: Final = text_check(50, "Rover")


def _answer_problem(value: object) -> str | None:
    return _TEXT.problem(value.reveal()) if isinstance(value, Secret) else WRONG_FORMAT


_ANSWER: Final = Check(_answer_problem, _TEXT.rule)


def _to_format(value: VerificationFormat | VerificationFormatWord) -> Any:  # noqa: ANN401 - see `converters`
    return to_word(VerificationFormat, value)


@validated
@frozen(kw_only=True, slots=False)
class _Verify:
    account_number: str = field(
        converter=to_number_text,
        repr=False,
        metadata=takes(Rule(ACCOUNT_TEXT, required=True)),
    )
    format: VerificationFormat | VerificationFormatWord = field(
        converter=_to_format, metadata=takes(Rule(one_of_check(VerificationFormat), required=True))
    )
    request_id: str = field(converter=to_id, metadata=takes(Rule(REQUEST_ID, required=True)))
    vcc_number: Secret | None = field(converter=to_card, repr=False, metadata=takes(Rule(CARD)))
    security_qid: int | None = field(
        converter=to_number, metadata=takes(Rule(number_check(5, example="4")))
    )
    security_answer: Secret | None = field(converter=to_secret, metadata=takes(Rule(_ANSWER)))

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Return the missing fields of a security question."""
        if self.format != VerificationFormat.SECURITY_QUESTION:
            return ()
        names = ("security_qid", "security_answer")
        absent = [name for name in names if getattr(self, name) in (None, "", Secret(""))]
        return missing(self, *absent)


@sensitive_arguments
def verify(
    account_number: int | str,
    *,
    request_id: str,
    format: VerificationFormat | VerificationFormatWord = VerificationFormat.SMS,  # noqa: A002 - the API's word
    security_qid: int | str | None = None,
    security_answer: Secret | str | None = None,
    vcc_number: Secret | str | None = None,
) -> Call[Verification]:
    """
    Build the call of verify. In store only: online, the widget verifies (spec section 5.8).

    It is never repeated automatically: every call may send a message, and wrong answers are
    counted. The portal lists it among customer calls and uses it in store with merchant tokens;
    both scopes are accepted (spec section 8 row 37), so this call uses the merchant scope, like the
    other in-store calls.

    Args:
        account_number: Up to 14 digits.
        request_id: The shop's own id, at most 150 characters; authorization or transactions needs
            the same.
        format: How the customer is verified.
        security_qid: Number of the question from customers/lookup, at most 5 digits; required for
            `security_question`.
        security_answer: At most 50 characters; required for `security_question`.
        vcc_number: Card number of an authorized user of a business account.

    Raises:
        ValidationError: The data are invalid; all problems are reported together.

    Expect `WrongVerification` (ask again), `TriesExceeded`, `PhoneNotReachable` (use another
    format) and `NotPermitted` (this merchant or purchase cannot use this format).
    """
    asked = _Verify(
        account_number=account_number,
        format=format,
        request_id=request_id,
        vcc_number=vcc_number,
        security_qid=security_qid,
        security_answer=security_answer,
    )
    names = ("format", "request_id", "vcc_number", "security_qid", "security_answer")
    given = {name: getattr(asked, name) for name in names}
    return Call(
        endpoint=VERIFY,
        method="POST",
        # Singular, and only here (spec section 8 row 17).
        path="client-id/{client_id}/account/{account_number}/verify",
        scope=Scope.MERCHANT,
        result=Verification,
        replay=Replay.NEVER,
        body={name: value for name, value in given.items() if value},
        path_values={"account_number": asked.account_number},
    )


@validated
@frozen(kw_only=True, slots=False)
class _Account:
    account_number: str = field(
        converter=to_number_text,
        repr=False,
        metadata=takes(Rule(ACCOUNT_TEXT, required=True)),
    )


@sensitive_arguments
def close(account_number: int | str) -> Call[ClosedAccount]:
    """
    Build the call of close: close the account of a customer in Quebec (spec section 5.10).

    The portal lists it under previous versions: active, but not for new integrations. It is never
    repeated automatically: the answer to a second call is UNKNOWN.

    Args:
        account_number: Up to 14 digits.

    Raises:
        ValidationError: The account number is not 1 to 14 digits.
    """
    account = _Account(account_number=account_number)
    return Call(
        endpoint=CLOSE,
        method="POST",
        path="client-id/{client_id}/accounts/{account_number}/close",
        scope=Scope.CUSTOMER,
        result=ClosedAccount,
        replay=Replay.NEVER,
        path_values={"account_number": account.account_number},
    )
