"""Shared by the modules of all frameworks: opening a session, and reporting errors."""

import contextlib
import functools
import inspect
import logging
import multiprocessing
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from keyword import iskeyword
from typing import Final, NoReturn, TypeVar, cast

from attrs import field, frozen

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import ConfigError, FlexitiError
from flexiti_async.errors.base import facts_of
from flexiti_async.events.listeners import Listeners
from flexiti_async.events.log import attributes
from flexiti_async.events.types import Listener
from flexiti_async.integrations.groups import leaves_of
from flexiti_async.integrations.problems import Problem, language_of, problem_of
from flexiti_async.session import FlexitiSession
from flexiti_async.store.interface import is_of_one_process

__all__ = [
    "KEY",
    "NotOpenError",
    "SetUp",
    "checked_name",
    "log_unanswered",
    "open_session",
    "raise_on",
    "refuse_other",
    "report_problem",
    "require_session",
    "several_workers",
    "taken",
    "without_name",
]

KEY: Final = "flexiti"
"""Default name of a session: its key in the state of an application, or of a request."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII | re.IGNORECASE)
_NAME_RULE: Final = (
    "name must be 1 to 64 letters, digits and underscores, begin with a letter, and be no keyword "
    "of Python"
)
_log: Final = logging.getLogger("flexiti_async.integrations")

F = TypeVar("F", bound=Callable[..., object])


class NotOpenError(RuntimeError):
    """No session is open: the application was not set up for one, or has not been started."""


@frozen
class SetUp:
    """
    How an application opens one of its sessions; made of arguments by `of`.

    Attributes:
        config: Configuration of the session; None for the environment, read at start-up.
        listeners: Listeners for the events of the session.
        name: Name of the session.
    """

    config: FlexitiConfig | None = field(repr=False)
    listeners: tuple[Listener, ...]
    name: str

    @classmethod
    def of(cls, config: FlexitiConfig | None, listeners: Iterable[Listener], name: str) -> "SetUp":
        """
        Check the arguments of a set-up when it is made, not when the server starts.

        Raises:
            ConfigError: One is of another type, or the name cannot be one.
        """
        _check_config(config)
        with contextlib.suppress(Exception):  # whatever is not iterable is refused below
            listeners = tuple(listeners)
        Listeners(listeners)
        return cls(config, tuple(listeners), checked_name(name))

    def open(self) -> AbstractAsyncContextManager[FlexitiSession]:
        """Open the session of this process, and close it on exit; see `open_session`."""
        return open_session(self.config, listeners=self.listeners)


@asynccontextmanager
async def open_session(
    config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> AsyncGenerator[FlexitiSession, None]:
    """
    Open the session of this process, and close it on exit.

    With a store of one process, such as `memory://`, a worker of a server logs one warning.

    Args:
        config: Configuration of the session; by default the environment, see `FlexitiConfig.load`.
        listeners: Listeners for the events of the session.

    Raises:
        ConfigError: The configuration is not valid, or there is no event loop of asyncio, so the
            server should not start.
    """
    _check_config(config)
    chosen = FlexitiConfig.load() if config is None else config
    async with FlexitiSession(chosen, listeners=listeners) as session:
        if is_of_one_process(session.store) and _is_worker():
            _warn_of_the_store(os.getpid())
        yield session


def _check_config(config: object) -> None:
    if config is not None:
        refuse_other("config", config, FlexitiConfig, "a FlexitiConfig or None")


def several_workers() -> bool:
    """Whether the environment sets a number of workers above one, as servers read it."""
    number = os.environ.get("WEB_CONCURRENCY", "")
    return number.isdecimal() and number.isascii() and int(number[:9]) > 1


def _is_worker() -> bool:
    """Whether this process may be one of several: of a number that is set, or of a parent's."""
    return (
        several_workers()
        or multiprocessing.parent_process() is not None  # of uvicorn, hypercorn, granian
        or os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")  # forks by itself
    )


@functools.cache
def _warn_of_the_store(_process: int) -> None:
    """Warn once in each process."""
    _log.warning(
        "the token store is of one process (memory://), and this one is a worker: its checkouts "
        "and its tokens are unknown to other workers, and lost when it ends; set FLEXITI_STORE to "
        "file:///… (one host), postgresql://… or redis://… (several)"
    )


def checked_name(name: str) -> str:
    """
    Return the name of a session.

    Raises:
        ConfigError: It is not one that every framework accepts.
    """
    if _is_name(name):
        return name
    raise ConfigError(_NAME_RULE, option="name")


def _is_name(name: object) -> bool:
    return isinstance(name, str) and bool(_NAME.fullmatch(name)) and not iskeyword(name)


def taken(name: str) -> ConfigError:
    """Return the error for a second set-up under one name."""
    msg = f"the name {name!r} is set up or used already in this application: pass another name="
    return ConfigError(msg, option="name")


def raise_on(error: object) -> NoReturn:
    """
    Raise an error that is not ours to answer.

    Raises:
        Exception: The error.
        ValidationError: It is none.
    """
    if isinstance(error, Exception):
        raise error
    problem_of(cast("Exception", error))
    raise AssertionError  # not reached: what is no error has no problem details


def refuse_other(option: str, value: object, kind: type, meaning: str) -> None:
    """
    Raise ConfigError for an argument of another type.

    Args:
        option: Name of the argument.
        value: The argument.
        kind: The type that it must have.
        meaning: The meaning, in words.
    """
    if not isinstance(value, kind):
        msg = f"{option} must be {meaning}, not {type(value).__name__}"
        raise ConfigError(msg, option=option)


def without_name(function: F) -> F:
    """
    Hide a function's parameter `name` from frameworks that read its signature.

    FastAPI and Litestar fill in a dependency's parameters from the query of the request: customers
    would choose the merchant.
    """
    signature = inspect.signature(function)
    seen = [one for one in signature.parameters.values() if one.name != "name"]
    function.__dict__["__signature__"] = signature.replace(parameters=seen)
    return function


def require_session(found: object, name: str, hint: str) -> FlexitiSession:
    """
    Return the session that was found in a framework's state under a name.

    Raises:
        NotOpenError: It is not a session; the text says what to do.
    """
    if isinstance(found, FlexitiSession):
        return found
    named = "" if name == KEY else f" under the name {name!r}"
    msg = f"no Flexiti session is open in this application{named}: {hint}"
    raise NotOpenError(msg)


def report_problem(error: Exception, accept_language: str | None) -> Problem:
    """
    Log an error, and return its problem details in the language of a request.

    Raises:
        ValidationError: There is no error of this library in it.
    """
    return problem_of(error, language_of(accept_language))


def log_unanswered(error: Exception, why: str) -> None:
    """Log the errors of this library in an error that gets no problem details, and why."""
    for leaf in leaves_of(error):
        if isinstance(leaf, FlexitiError):
            extra = attributes(**facts_of(leaf))
            _log.error("%s: %s: %s", why, type(leaf).__name__, leaf, extra=extra)
