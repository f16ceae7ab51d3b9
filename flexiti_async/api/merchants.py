"""
merchants/login: the merchant's own log-in (spec section 3).

The start page requires it before widget/init; the API has deprecated it since release 20.3. Give
`merchant_username` and `merchant_password` to the configuration and every new token is logged in
once, before anyone gets it; or make the call yourself with `session.send(merchants_login(...))`.
"""

from collections.abc import Mapping

from attrs import field, frozen

from flexiti_async.api.common import Language
from flexiti_async.api.endpoints import MERCHANTS_LOGIN
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import NumberText, no_extra
from flexiti_async.protocol.token import Scope

__all__ = ["ENDPOINT", "MerchantLogin", "merchants_login"]

ENDPOINT = MERCHANTS_LOGIN


@frozen
class MerchantLogin:
    """
    The answer of merchants/login.

    Attributes:
        merchant_name: Name of the store.
        merchant_id: Its number as the API writes it, leading zeros kept.
        form_values: Drop-down contents by name (`salutation`, `province`, …). The shape of their
            elements is not documented, so they stay as they came.
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
    version: str | None = None,
) -> Call[MerchantLogin]:
    """
    Make the call of merchants/login. Deprecated by the API since release 20.3, and still there.

    Args:
        username: `merchant_username`; later page versions need neither name nor password.
        password: `merchant_password`.
        lang: Language of the form values.
        version: Version segment of the URL; see `Call.at_version`.
    """
    body: dict[str, object] = {}
    if username is not None:
        body["merchant_username"] = username
    if password is not None:
        body["merchant_password"] = Secret.of(password)
    call = Call(
        endpoint=ENDPOINT,
        method="POST",
        path="client-id/{client_id}/merchants/login",
        scope=Scope.CUSTOMER,
        result=MerchantLogin,
        replay=Replay.SAFE,
        body=body,
        query={"lang": Language(lang).value},
    )
    return call.at_version(version)
