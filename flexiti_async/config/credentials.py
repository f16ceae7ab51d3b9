"""The credentials of a session: the ones it uses, and the ring that finds what others saved."""

from collections.abc import Iterable, Iterator

from attrs import field, frozen

from flexiti_async.protocol.secret import Secret, fingerprint

__all__ = ["Credentials", "MerchantLogin", "ring_of"]


@frozen
class MerchantLogin:
    """
    The arguments of merchants/login.

    Attributes:
        username: `merchant_username`; None calls it without name and password.
        password: `merchant_password`.
    """

    username: str | None = field(default=None, repr=False)
    password: Secret | None = None


@frozen
class Credentials:
    """
    The credentials that obtain a token.

    Attributes:
        client_id: The client id.
        client_secret: The client secret.
        login: The arguments of its merchants/login; None without one.
    """

    client_id: str
    client_secret: Secret
    login: MerchantLogin | None

    @property
    def fingerprint(self) -> str:
        """Hash of these credentials, safe to show and to store (16 hex digits)."""
        name, password = "", ""
        marks: tuple[str, ...] = ()
        if self.login is not None:
            name = self.login.username or ""
            password = self.login.password.reveal() if self.login.password else ""
            marks = () if name else ("login",)
        return fingerprint(self.client_secret, self.client_id, name, password, *marks)


def ring_of(
    client_id: str,
    secrets: Iterable[Secret | None],
    logins: Iterable[MerchantLogin | None],
) -> Iterator[Credentials]:
    """
    Yield each secret with each login, the first ones first, none twice.

    Args:
        client_id: The client id.
        secrets: Client secrets; None is left out.
        logins: Merchant logins; None is a token without one.
    """
    distinct = dict.fromkeys(logins)
    for secret in dict.fromkeys(secrets):
        if secret is not None:
            for login in distinct:
                yield Credentials(client_id, secret, login)
