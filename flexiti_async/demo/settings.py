"""Settings of the shop, from the environment, which all its workers share."""

import os
from pathlib import Path
from typing import Final, Self

from attrs import field, frozen

__all__ = ["DATABASE", "SANDBOX", "SECRET_KEY", "ShopSettings"]

SECRET_KEY: Final = "SHOP_SECRET_KEY"  # noqa: S105 - the name of a variable
DATABASE: Final = "SHOP_DATABASE"
SANDBOX: Final = "SHOP_SANDBOX"


@frozen
class ShopSettings:
    """
    The settings of the shop; Flexiti's are the library's own, `FLEXITI_*`.

    Attributes:
        secret_key: Signs the cookie and the forms.
        database: SQLite file of the orders.
        sandbox: Whether to show the test customers of the sandbox.
    """

    secret_key: str = field(repr=False)
    database: Path
    sandbox: bool

    @classmethod
    def from_env(cls) -> Self:
        """
        Read the environment.

        Raises:
            KeyError: `SHOP_SECRET_KEY` or `SHOP_DATABASE` is missing.
        """
        return cls(
            os.environ[SECRET_KEY], Path(os.environ[DATABASE]), os.environ.get(SANDBOX) == "1"
        )
