"""Shared by the modules of all frameworks: opening a session, and reporting errors."""

import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.problems import Problem, language_of, problem_of
from flexiti_async.session import FlexitiSession

__all__ = ["KEY", "NotOpenError", "open_session", "report_problem", "require_session"]

KEY: Final = "flexiti"
"""Key of the session in the state of an application, or of a request."""

_INTERNAL_ERROR: Final = 500
_log: Final = logging.getLogger("flexiti_async.integrations")


class NotOpenError(RuntimeError):
    """No session is open: the application was not set up for one, or has not been started."""


@asynccontextmanager
async def open_session(
    config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> AsyncGenerator[FlexitiSession, None]:
    """
    Open the session of this process, and close it on exit.

    Args:
        config: Configuration of the session; by default the environment, see `FlexitiConfig.load`.
        listeners: Listeners for the events of the session.

    Raises:
        ConfigError: The configuration is not valid, so the server should not start.
    """
    chosen = FlexitiConfig.load() if config is None else config
    async with FlexitiSession(chosen, listeners=listeners) as session:
        yield session


def require_session(found: object, hint: str) -> FlexitiSession:
    """
    Return the session that was found in a framework's state.

    Raises:
        NotOpenError: It is not a session; the text says what to do.
    """
    if isinstance(found, FlexitiSession):
        return found
    raise NotOpenError(f"no Flexiti session is open in this application: {hint}")


def report_problem(error: FlexitiError, accept_language: str | None) -> Problem:
    """Log an error, and return its problem details, which do not show it."""
    problem = problem_of(error, language_of(accept_language))
    level = logging.ERROR if problem.status == _INTERNAL_ERROR else logging.WARNING
    # The text contains the reference id if the error has one.
    _log.log(
        level, "answered %d %s: %s: %s", problem.status, problem.type, type(error).__name__, error
    )
    return problem
