"""
FastAPI: as for Starlette, with the session as a dependency.

```python
from fastapi import FastAPI

from flexiti_async.integrations.fastapi import Flexiti, add_problem_handler, lifespan

app = FastAPI(lifespan=lifespan())
add_problem_handler(app)


@app.post("/pay")
async def pay(flexiti: Flexiti) -> dict[str, str]:
    checkout = await flexiti.checkout("order-9")
    return {"step": checkout.step}
```

In a test of the shop, `app.dependency_overrides[flexiti_of]` replaces the session. Several
merchants have a name each, and a dependency each:

```python
from typing import Annotated

from fastapi import Depends

from flexiti_async import FlexitiSession
from flexiti_async.integrations.fastapi import dependency

North = Annotated[FlexitiSession, Depends(dependency(name="north"))]
```
"""

import functools
from collections.abc import Callable
from typing import Annotated, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection

from flexiti_async.integrations.serving import checked_name
from flexiti_async.integrations.starlette import (
    KEY,
    add_problem_handler,
    flexiti_of,
    lifespan,
    open_session,
    problem_response,
)
from flexiti_async.session import FlexitiSession

__all__ = [
    "KEY",
    "Flexiti",
    "add_problem_handler",
    "dependency",
    "flexiti_of",
    "lifespan",
    "open_session",
    "problem_response",
]

Flexiti: TypeAlias = Annotated[FlexitiSession, Depends(flexiti_of)]
"""Type of a path operation's parameter that receives the session of this process."""


def dependency(*, name: str) -> Callable[[HTTPConnection], FlexitiSession]:
    """
    Return the dependency that provides the session of a name, the same one each time.

    So `app.dependency_overrides[dependency(name="north")]` replaces it in a test.

    Raises:
        ConfigError: It is no name of a session.
    """
    return _dependency(checked_name(name))


@functools.cache
def _dependency(name: str) -> Callable[[HTTPConnection], FlexitiSession]:
    if name == KEY:
        return flexiti_of

    def provide(connection: HTTPConnection) -> FlexitiSession:
        return flexiti_of(connection, name=name)

    return provide
