"""
merchants/login: the merchant's own log-in (spec section 3).

The start page requires it before widget/init; the API has deprecated it since release 20.3. With
`merchant_username` and `merchant_password` in the configuration every new token is logged in once,
before its first use; or send the call yourself: `session.send(merchants_login(...))`.
"""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from flexiti_async.api.common import LANGUAGE, Language, LanguageWord
from flexiti_async.api.converters import to_language, to_optional_text, to_secret
from flexiti_async.api.endpoints import MERCHANTS_LOGIN
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import NumberText, no_extra
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import Check, text_check

__all__ = ["MerchantLogin", "merchants_login"]


@frozen
class MerchantLogin(AnswerModel):
    """
    The answer of merchants/login.

    Attributes:
        merchant_name: Name of the store.
        merchant_id: Its number, leading zeros kept.
        form_values: Drop-down contents by name (`salutation`, `province`, …). The shape of their
            elements is not documented, so they are kept as received.
        extra: Fields of the answer that this release does not know.
    """

    merchant_name: str | None = None
    merchant_id: NumberText | None = None
    form_values: Mapping[str, object] = field(factory=dict[str, object])
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


def _password_problem(value: object) -> str | None:
    return _TEXT.problem(value.reveal() if isinstance(value, Secret) else value)


_TEXT: Final = text_check(1000, "shop-7")
"""The portal has no length for name and password (spec section 5.4)."""
_PASSWORD: Final = Check(_password_problem, _TEXT.rule)


@validated
@frozen(kw_only=True, slots=False)
class _Login:
    merchant_username: str | None = field(
        converter=to_optional_text, repr=False, metadata=takes(Rule(_TEXT))
    )
    merchant_password: Secret | str | None = field(
        converter=to_secret, metadata=takes(Rule(_PASSWORD))
    )
    lang: Language | LanguageWord = field(converter=to_language, metadata=takes(LANGUAGE))


@sensitive_arguments
def merchants_login(
    username: str | None = None,
    password: Secret | str | None = None,
    *,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> Call[MerchantLogin]:
    """
    Build the call of merchants/login, deprecated by the API since release 20.3 but available.

    Args:
        username: `merchant_username`; later page versions require neither name nor password.
        password: `merchant_password`.
        lang: Language of the form values.

    Raises:
        ValidationError: The language is unknown, or name or password is no text.
    """
    asked = _Login(merchant_username=username, merchant_password=password, lang=lang)
    body: dict[str, object] = {}
    if username is not None:
        body["merchant_username"] = asked.merchant_username
    if password is not None:
        body["merchant_password"] = asked.merchant_password
    return Call(
        endpoint=MERCHANTS_LOGIN,
        method="POST",
        path="client-id/{client_id}/merchants/login",
        scope=Scope.CUSTOMER,
        result=MerchantLogin,
        replay=Replay.SAFE,
        body=body,
        query={"lang": str(asked.lang)},
    )
