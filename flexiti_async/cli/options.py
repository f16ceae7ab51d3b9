"""Options that several commands share, and the configuration that they override."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Group, Parameter, Token

from flexiti_async import ConfigError, Environment, FlexitiConfig
from flexiti_async.cli.output import WRONG, CommandError
from flexiti_async.config.model import loaded

__all__ = ["PRIVATE_STORE", "Connection", "Flag", "Whole", "without_password"]

_FROM_OUTSIDE: Final = frozenset({"client_id", "client_secret"})
_CONNECTION: Final = Group("Connection", sort_key=20)

PRIVATE_STORE: Final = (
    "memory:// is private to one process: this command uses its own store, not a running shop's"
)
"""Note of commands that read a store."""
_PASSWORD: Final = re.compile(r"://[^@]*:[^@]*@|password=", re.IGNORECASE)


def _whole(_: object, tokens: Sequence[Token]) -> int:
    """Parse a whole number; cyclopts would round a fraction."""
    return int(tokens[0].value)


Whole = Parameter(converter=_whole, metavar="N")
"""An option that takes a whole number."""

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""An option without a value."""


def without_password(url: str, variable: str = "FLEXITI_STORE") -> str:
    """
    Return the URL of a store that was an option, if it holds no password.

    Args:
        url: The URL.
        variable: The environment variable that is read without the option.

    Raises:
        CommandError: It holds one, which the process list shows to every user.
    """
    if not _PASSWORD.search(url):
        return url
    msg = (
        "--store has a password, which the process list shows to every user: set the URL in "
        f"{variable} instead"
    )
    raise CommandError(msg, status=WRONG)


@Parameter(name="*", group=_CONNECTION)
@frozen(kw_only=True)
class Connection:
    """
    Address of the API, and the client; these options override the configuration.

    Attributes:
        environment: Flexiti's environment.
        base_url: API base URL, instead of an environment.
        client_id: Client id from the developer portal.
    """

    environment: Environment | None = None
    base_url: Annotated[str | None, Parameter(metavar="URL")] = None
    client_id: Annotated[str | None, Parameter(metavar="ID")] = None

    def load(self, **more: object) -> FlexitiConfig:
        """
        Load the configuration; these options and those of `more`, where not None, override it.

        Raises:
            ConfigError: An option is missing, unknown or not valid.
        """
        options: dict[str, object] = {
            "environment": self.environment,
            "base_url": self.base_url,
            "client_id": self.client_id,
            **more,
        }
        given = {name: value for name, value in options.items() if value is not None}
        try:
            return loaded(FlexitiConfig, given, source="set on the command line")
        except ConfigError as error:
            if error.option not in _FROM_OUTSIDE:
                raise
            problem, option = error, error.option
        msg = f"{problem}; set FLEXITI_{option.upper()}, or name a file in FLEXITI_CONFIG"
        raise ConfigError(msg, option=option, source=problem.source)
