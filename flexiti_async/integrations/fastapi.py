"""
FastAPI: as for Starlette, and the session as a dependency.

```python
app = FastAPI(lifespan=lifespan())
answer_errors(app)


@app.post("/pay")
async def pay(flexiti: Flexiti) -> Answer:
    checkout = await flexiti.checkout()
```

In a test of the shop, `app.dependency_overrides[flexiti_of]` replaces the session.
"""

from typing import Annotated, TypeAlias

from fastapi import Depends

from flexiti_async.integrations.starlette import (
    KEY,
    answer_errors,
    answer_problem,
    flexiti_of,
    lifespan,
    open_session,
)
from flexiti_async.session import FlexitiSession

__all__ = [
    "KEY",
    "Flexiti",
    "answer_errors",
    "answer_problem",
    "flexiti_of",
    "lifespan",
    "open_session",
]

Flexiti: TypeAlias = Annotated[FlexitiSession, Depends(flexiti_of)]
"""Parameter of a path operation: the session of this process."""
