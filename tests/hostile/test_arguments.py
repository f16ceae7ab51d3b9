"""Any argument of any public callable: a value, or an error that names it and what is wanted."""

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final, cast

import attrs

from flexiti_async import (
    ConfigError,
    FlexitiError,
    FlexitiSession,
    InStoreCheckout,
    OnlineCheckout,
    ValidationError,
)
from flexiti_async.errors import MalformedEvent
from flexiti_async.operations.operations import Operations
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession
from ..support.patience import PATIENT
from .calls import ACCOUNT, Callee, of_a_session, of_checkouts, pure
from .integrations import CALLED_BY_FRAMEWORKS, MODULES, of_integrations
from .values import HOSTILE

_NAMED_AS: Final[Mapping[str, str]] = {
    "identity": "id",
    "listeners": "listener",
}
"""Arguments that errors name in another way."""
_FROM_NO_SHOP: Final = frozenset(
    {
        *("aclose", "execute", "known", "refuse_known"),  # within the library
        *("cross_field_errors", "body", "query", "from_json", "save"),  # without an argument
        *("from_env", "load"),  # every option is an argument
    }
)


def parameters(callee: Callee) -> tuple[str, ...]:
    """Return the names of its parameters."""
    found = inspect.signature(callee.function).parameters.values()
    return callee.parameters or tuple(
        one.name for one in found if one.kind not in {one.VAR_KEYWORD, one.VAR_POSITIONAL}
    )


async def called(callee: Callee, arguments: Mapping[str, object]) -> None:
    """Call it, and wait for the first that it returns."""
    result: object = callee.function(**arguments)
    if isinstance(result, Awaitable):
        await cast("Awaitable[object]", result)
    elif isinstance(result, AsyncIterator):
        async for _ in cast("AsyncIterator[object]", result):
            break
    elif callable(result) and callee.function.__name__ == "add":
        result()  # takes the listener away


def named(text: str, parameter: str) -> bool:
    """Whether an error names a parameter, in the API's spelling or in Python's."""
    plain = re.sub(r"[_\-]", "", text).lower()
    return re.sub(r"[_\-]", "", _NAMED_AS.get(parameter, parameter)).lower() in plain


async def faults(callees: Mapping[str, Callee]) -> AsyncIterator[str]:
    """Yield what ends in anything but a value or an error that says what is wanted."""
    for name, callee in callees.items():
        for parameter in parameters(callee):
            for kind, value in HOSTILE.items():
                case = f"{name}({parameter}={kind})"
                given = value()
                try:
                    await called(callee, {**callee.arguments, parameter: given})
                except (ValidationError, ConfigError) as error:
                    if not isinstance(error, MalformedEvent) and not named(str(error), parameter):
                        yield f"{case}: does not name it: {error}"
                except FlexitiError:
                    pass  # the value is a good one: the API, the journal or the checkout refuses it
                except Exception as error:  # noqa: BLE001 - that is what is looked for
                    if error is not given:  # a handler of errors raises on what is not ours
                        yield f"{case}: {type(error).__name__}"


async def listed(callees: Mapping[str, Callee]) -> list[str]:
    """List the faults."""
    return [fault async for fault in faults(callees)]


async def test_functions_and_models(sandbox: Sandbox) -> None:
    """A value of any type in a model, a function or the configuration is taken or refused."""
    config: dict[str, Any] = {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "base_url": sandbox.base_url,
    }

    assert [] == await listed(pure(config))


async def test_methods_of_a_session(sandbox: Sandbox, make_session: MakeSession) -> None:
    """A value of any type in a method is refused before anything is sent, or sent."""
    session = make_session(**PATIENT)

    assert [] == await listed(of_a_session(session))
    assert sandbox.count("oauth/token") == 2  # one for each scope


async def test_methods_of_checkouts(make_session: MakeSession) -> None:
    """The same for both kinds of checkout."""
    session = make_session(**PATIENT)
    online = await session.checkout("order-1")
    in_store = await session.in_store_checkout("order-2")
    await in_store.lookup(account_number=ACCOUNT)

    assert [] == await listed(of_checkouts(online, in_store))


async def test_functions_of_the_integrations(session: FlexitiSession) -> None:
    """The same for what an application calls when it is set up, and in its handlers."""
    callees = of_integrations(session)
    missing = {
        f"{place}.{name}"
        for place, module in MODULES.items()
        for name in module.__all__
        if callable(getattr(module, name)) and getattr(module, name).__module__ == module.__name__
    }

    assert set() == missing - {*callees} - CALLED_BY_FRAMEWORKS
    assert [] == await listed(callees)


async def test_every_public_callable_is_tried(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A new function, request model or method is missing in the tables until it is added."""
    config: dict[str, Any] = {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "base_url": sandbox.base_url,
    }
    tried = {*pure(config), *of_a_session(session)}
    groups: dict[str, Any] = {
        name: group
        for name, group in vars(session).items()
        if not name.startswith("_") and type(group).__module__.startswith("flexiti_async.")
    }
    methods = {
        *methods_of(FlexitiSession, ""),
        *(one for name, group in groups.items() for one in methods_of(group.__class__, f"{name}.")),
    }
    of_flows = {
        *methods_of(OnlineCheckout, "online."),
        *methods_of(InStoreCheckout, "in_store."),
    }

    assert isinstance(session.operations, Operations)
    assert set() == set(public()) - tried
    assert set() == methods - tried
    online = await session.checkout("order-1")
    assert of_flows == set(of_checkouts(online, await session.in_store_checkout("order-2")))


def methods_of(kind: type, prefix: str) -> Iterator[str]:
    """Yield the public methods of a class that take an argument."""
    for name, method in inspect.getmembers(kind, callable):
        if not name.startswith("_") and name not in _FROM_NO_SHOP:
            yield f"{prefix}{getattr(method, '__name__', name)}"


def public() -> Iterator[str]:
    """Yield the public functions, and the models that a shop fills in."""
    for module in (
        import_module("flexiti_async._public"),
        import_module("flexiti_async.api._public"),
    ):
        for name, thing in vars(module).items():
            if name.startswith("_"):
                continue
            if inspect.isfunction(thing) or (
                isinstance(thing, type) and attrs.has(thing) and filled_in(thing)
            ):
                yield name


def filled_in(model: type) -> bool:
    """Whether a model is a request's, whose `__init__` checks its fields."""
    made: Any = vars(model)["__init__"]
    return str(made.__code__.co_filename).endswith("validation.py")
