"""
merchants/login: the merchant's own log-in (spec section 3).

The start page requires it before widget/init; the API has deprecated it since release 20.3. With
`merchant_username` and `merchant_password` in the configuration every new token is logged in once,
before its first use; or send the call yourself: `session.send(merchants_login(...))`.
"""

from collections.abc import Mapping

from attrs import field, frozen

from flexiti_async.api.common import Language
from flexiti_async.api.endpoints import MERCHANTS_LOGIN
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import NumberText, no_extra
from flexiti_async.protocol.token import Scope

__all__ = ["MerchantLogin", "merchants_login"]


@frozen
class MerchantLogin:
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


def merchants_login(
    username: str | None = None,
    password: Secret | str | None = None,
    *,
    lang: Language | str = Language.ENGLISH,
) -> Call[MerchantLogin]:
    """
    Build the call of merchants/login, deprecated by the API since release 20.3 but available.

    Args:
        username: `merchant_username`; later page versions require neither name nor password.
        password: `merchant_password`.
        lang: Language of the form values.
    """
    body: dict[str, object] = {}
    if username is not None:
        body["merchant_username"] = username
    if password is not None:
        body["merchant_password"] = Secret.of(password)
    return Call(
        endpoint=MERCHANTS_LOGIN,
        method="POST",
        path="client-id/{client_id}/merchants/login",
        scope=Scope.CUSTOMER,
        result=MerchantLogin,
        replay=Replay.SAFE,
        body=body,
        query={"lang": Language(lang).value},
    )
