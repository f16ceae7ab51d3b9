"""
Authorizations: reserve credit for a purchase (spec section 5.12).

`authorize` builds the call for an `OnlinePurchase` or an `InStorePurchase`, `get_authorization`
looks one up. Lists are in `flexiti_async.api.authorization_lists`, captures and releases in
`flexiti_async.api.captures`.

The portal does not show the answers. The fields that it names are attributes; the fields that later
calls imply are properties, which read `extra` under the names that the API uses elsewhere (an
inference).
"""

import enum
from collections.abc import Mapping

from attrs import field, frozen

from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.converters import to_number_text
from flexiti_async.api.endpoints import AUTHORIZATION, AUTHORIZATION_BY_ID
from flexiti_async.api.payment_fields import AUTHORIZATION_ID, id_in, language_query
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.call import Call, OperationCall, OperationKind, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import not_pickled
from flexiti_async.protocol.structuring import no_extra, wire_name
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import sensitive_arguments, takes, validated

__all__ = [
    "Authorization",
    "AuthorizationStatus",
    "authorize",
    "get_authorization",
]


class AuthorizationStatus(enum.StrEnum):
    """States of an authorization in the portal's texts; an answer may have others."""

    OPENED = "opened"
    CLOSED = "closed"
    UNAUTHORIZED = "unauthorized"
    ON_HOLD = "onhold"


@not_pickled
@frozen
class Authorization(AnswerModel):
    """
    An authorization, as created, looked up or listed.

    Attributes:
        message: The API's text for people, in the requested language.
        annual_rates: Since v2.5.1, as received: whether it is an object or a list is UNKNOWN.
        apr: Its predecessor in v2.5, as received.
        extra: All other fields of the answer; not in the repr.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    message: str | None = None
    annual_rates: object = None
    apr: object = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))

    @property
    def authorization_id(self) -> str | None:
        """Its number, for capture and release; None if the answer has no such field."""
        return id_in(self.extra, "authorization_id", "authorizationId", "id")

    @property
    def capture_id(self) -> str | None:
        """Number of the capture made by `auto_capture`; None if the answer has no such field."""
        return id_in(self.extra, "capture_id", "captureId")

    @property
    def authorization_status(self) -> AuthorizationStatus | str | None:
        """Its state; the API's text for an unknown state, None if the answer has no state."""
        word = id_in(self.extra, "authorization_status", "authorizationStatus")
        return AuthorizationStatus(word) if word in set(AuthorizationStatus) else word

    def __repr__(self) -> str:
        return (
            f"Authorization(authorization_id={self.authorization_id!r}, "
            f"capture_id={self.capture_id!r}, authorization_status={self.authorization_status!r})"
        )


@validated
@frozen(kw_only=True, slots=False)
class _ById:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))


@sensitive_arguments
def authorize(
    purchase: OnlinePurchase | InStorePurchase,
    *,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> OperationCall[Authorization]:
    """
    Build the call of authorization: reserve credit, and capture it if `auto_capture` is True.

    It is never repeated automatically: the API documents idempotency keys for transactions only.
    After `OutcomeUnknown` search `list_authorizations` first. v2.5, the deprecated version, answers
    `apr` in place of `annual_rates`.

    Args:
        purchase: The purchase, online or in store.
        lang: Language of `message` in the answer.

    Raises:
        ValidationError: The language is unknown, or the purchase is of another type.
    """
    problem = wrong_type("purchase", purchase, OnlinePurchase, InStorePurchase)
    if problem is not None:
        raise problem
    return OperationCall(
        endpoint=AUTHORIZATION,
        method="POST",
        path="client-id/{client_id}/authorization",
        scope=purchase.scope,
        result=Authorization,
        replay=Replay.NEVER,
        kind=OperationKind.AUTHORIZE,
        version="v2.5.1",
        body=purchase.body(),
        query=language_query(lang),
    )


def get_authorization(
    authorization_id: int | str,
    *,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> Call[Authorization]:
    """
    Build the call that looks up one authorization.

    Args:
        authorization_id: Up to 16 digits.
        lang: Language of the answer.

    Raises:
        ValidationError: The number is not 1 to 16 digits, or the language is unknown.
    """
    asked = _ById(authorization_id=authorization_id)
    return Call(
        endpoint=AUTHORIZATION_BY_ID,
        method="GET",
        path="client-id/{client_id}/authorization/{authorization_id}",
        scope=Scope.MERCHANT,
        result=Authorization,
        replay=Replay.SAFE,
        version="v2.5.1",
        query=language_query(lang),
        path_values={"authorization_id": asked.authorization_id},
    )
