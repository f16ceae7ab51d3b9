"""
Authorizations: credit set aside for a purchase (spec section 5.12).

`authorize` makes the call for an `OnlinePurchase` or an `InStorePurchase`, `get_authorization`
looks one up. Lists are in `flexiti_async.api.authorization_lists`, what moves the money afterwards
in `flexiti_async.api.captures`.

The portal does not show the answers. What it names is an attribute; what later calls imply is read
out of `extra` by properties, under the names that the API uses elsewhere (an inference); all else
stays in `extra`.
"""

import enum
from collections.abc import Mapping

from attrs import field, frozen

from flexiti_async.api.common import Language, to_number_text
from flexiti_async.api.endpoints import AUTHORIZATION, AUTHORIZATION_BY_ID
from flexiti_async.api.payment_fields import AUTHORIZATION_ID, id_in, language_query
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.structuring import no_extra
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import takes, validated

__all__ = [
    "Authorization",
    "AuthorizationStatus",
    "authorize",
    "get_authorization",
]


class AuthorizationStatus(enum.StrEnum):
    """What the portal's texts call the states of an authorization; an answer may have others."""

    OPENED = "opened"
    CLOSED = "closed"
    UNAUTHORIZED = "unauthorized"
    ON_HOLD = "onhold"


@frozen
class Authorization:
    """
    An authorization, as it is made, looked up or listed.

    Attributes:
        message: The API's text for people, in the language that was asked for.
        annual_rates: Since v2.5.1, as it came: whether it is an object or a list is UNKNOWN.
        apr: Its predecessor in v2.5, as it came.
        extra: All other fields of the answer; out of the repr.
    """

    message: str | None = None
    annual_rates: object = None
    apr: object = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    @property
    def authorization_id(self) -> str | None:
        """Its number, for capture and release; None if the answer does not call it that."""
        return id_in(self.extra, "authorization_id", "authorizationId")

    @property
    def capture_id(self) -> str | None:
        """Number of the capture that `auto_capture` made; None if the answer has none."""
        return id_in(self.extra, "capture_id", "captureId")

    @property
    def authorization_status(self) -> AuthorizationStatus | str | None:
        """How it stands, a word of this release or the one that came; None if there is none."""
        word = id_in(self.extra, "authorization_status", "authorizationStatus")
        return AuthorizationStatus(word) if word in set(AuthorizationStatus) else word

    def __repr__(self) -> str:
        return (
            f"Authorization(authorization_id={self.authorization_id!r}, "
            f"capture_id={self.capture_id!r}, authorization_status={self.authorization_status!r})"
        )


@validated
@frozen(kw_only=True)
class _ById:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))


def authorize(
    purchase: OnlinePurchase | InStorePurchase,
    *,
    lang: Language | str = Language.ENGLISH,
    version: str | None = None,
) -> Call[Authorization]:
    """
    Make the call of authorization: set credit aside, and capture it if `auto_capture` says so.

    It is never repeated by itself: the API documents idempotency keys for transactions only. After
    `OutcomeUnknown` look among `list_authorizations` before anything else.

    Args:
        purchase: What is bought, on which channel.
        lang: Language of `message` in the answer.
        version: Version segment of the URL; `v2.5` is deprecated and answers `apr`. See
            `Call.at_version`.

    Raises:
        ValidationError: The language is none.
    """
    call = Call(
        endpoint=AUTHORIZATION,
        method="POST",
        path="client-id/{client_id}/authorization",
        scope=purchase.scope,
        result=Authorization,
        replay=Replay.NEVER,
        version="v2.5.1",
        body=purchase.body(),
        query=language_query(lang),
    )
    return call.at_version(version)


def get_authorization(
    authorization_id: int | str,
    *,
    lang: Language | str = Language.ENGLISH,
    version: str | None = None,
) -> Call[Authorization]:
    """
    Make the call that looks up one authorization.

    Args:
        authorization_id: Up to 16 digits.
        lang: Language of the answer.
        version: Version segment of the URL; see `Call.at_version`.

    Raises:
        ValidationError: The number or the language is none.
    """
    asked = _ById(authorization_id=authorization_id)
    call = Call(
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
    return call.at_version(version)
