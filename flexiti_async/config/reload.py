"""The options that may change while a session is open: credentials and encryption keys."""

from typing import Final

from flexiti_async.config.model import FlexitiConfig, option_names
from flexiti_async.errors import ConfigError

__all__ = ["check_reload"]

_MAY_CHANGE: Final = frozenset(
    {
        "client_secret",
        "other_client_secret",
        "merchant_username",
        "merchant_password",
        "merchants_login",
        "other_merchant_username",
        "other_merchant_password",
        "other_merchants_login",
        "token_keys",
    }
)


def check_reload(before: FlexitiConfig, after: object) -> FlexitiConfig:
    """
    Return the configuration that a session may go on with.

    Raises:
        ConfigError: It is no configuration, or it differs in an option that cannot change.
    """
    if not isinstance(after, FlexitiConfig):
        msg = f"config must be a FlexitiConfig, not {type(after).__name__}"
        del after
        raise ConfigError(msg, option="config")
    fixed = sorted(option_names() - _MAY_CHANGE)
    changed = [name for name in fixed if getattr(before, name) != getattr(after, name)]
    if not changed:
        return after
    msg = (
        f"reload changes credentials and encryption keys only: open another session to change "
        f"{', '.join(_with_source(name, after) for name in changed)}"
    )
    raise ConfigError(msg, option=changed[0], source=after.source_of(changed[0]))


def _with_source(name: str, config: FlexitiConfig) -> str:
    source = config.source_of(name)
    return name if source is None else f"{name} ({source})"
