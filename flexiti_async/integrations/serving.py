"""What the modules of all frameworks share: the session, and what is said of errors."""

import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.problems import Problem, language_of, problem_of
from flexiti_async.session import FlexitiSession

__all__ = ["KEY", "NotOpenError", "open_session", "tell", "the_session"]

KEY: Final = "flexiti"
"""Under this name a session stands in the state of an application, or of a request."""

_FAULT_OF_THE_SHOP: Final = 500
_log: Final = logging.getLogger("flexiti_async.integrations")


class NotOpenError(RuntimeError):
    """There is no session: the application was not set up for it, or has not been started."""


@asynccontextmanager
async def open_session(
    config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> AsyncGenerator[FlexitiSession, None]:
    """
    Open the session of this process, and close it at the end.

    Args:
        config: What it is told; by default the environment, see `FlexitiConfig.load`.
        listeners: Told what happens.

    Raises:
        ConfigError: The configuration is wrong, so the server should not start.
    """
    given = FlexitiConfig.load() if config is None else config
    async with FlexitiSession(given, listeners=listeners) as session:
        yield session


def the_session(found: object, hint: str) -> FlexitiSession:
    """
    Give what was found in a framework's state if it is a session.

    Raises:
        NotOpenError: It is none; the text says what to do.
    """
    if isinstance(found, FlexitiSession):
        return found
    raise NotOpenError(f"there is no Flexiti session in this application: {hint}")


def tell(error: FlexitiError, accept_language: str | None) -> Problem:
    """Log an error, which its problem does not show, and give the problem."""
    problem = problem_of(error, language_of(accept_language))
    level = logging.ERROR if problem.status == _FAULT_OF_THE_SHOP else logging.WARNING
    # The text has the reference id where the error was told it.
    _log.log(
        level, "answered %d %s: %s: %s", problem.status, problem.type, type(error).__name__, error
    )
    return problem
