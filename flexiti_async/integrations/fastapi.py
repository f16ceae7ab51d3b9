"""
FastAPI: as for Starlette, with the session as a dependency.

```python
app = FastAPI(lifespan=lifespan())
add_problem_handler(app)


@app.post("/pay")
async def pay(flexiti: Flexiti) -> Answer:
    checkout = await flexiti.checkout("order-9")
```

In a test of the shop, `app.dependency_overrides[flexiti_of]` replaces the session.
"""

from typing import Annotated, TypeAlias

from fastapi import Depends

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
    "flexiti_of",
    "lifespan",
    "open_session",
    "problem_response",
]

Flexiti: TypeAlias = Annotated[FlexitiSession, Depends(flexiti_of)]
"""Type of a path operation's parameter that receives the session of this process."""
