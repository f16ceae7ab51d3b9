"""
FastAPI: as for Starlette, and the session as a dependency.

```python
app = FastAPI(lifespan=lifespan(), exception_handlers=dict(EXCEPTION_HANDLERS))


@app.post("/pay")
async def pay(flexiti: Flexiti) -> Answer:
    checkout = await flexiti.checkout()
```

In a test of the shop, `app.dependency_overrides[flexiti_of]` replaces the session.
"""

from typing import Annotated, TypeAlias

from fastapi import Depends

from flexiti_async.integrations.starlette import (
    EXCEPTION_HANDLERS,
    KEY,
    answer_problem,
    flexiti_of,
    lifespan,
    open_session,
)
from flexiti_async.session import FlexitiSession

__all__ = [
    "EXCEPTION_HANDLERS",
    "KEY",
    "Flexiti",
    "answer_problem",
    "flexiti_of",
    "lifespan",
    "open_session",
]

Flexiti: TypeAlias = Annotated[FlexitiSession, Depends(flexiti_of)]
"""Parameter of a path operation: the session of this process."""
