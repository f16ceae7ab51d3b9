"""
What saves a shop work in its web framework: a module for each, imported by nobody here.

| module | for | gives |
|---|---|---|
| `problems` | all | errors as RFC 9457 problem details, in English and French |
| `starlette` | Starlette | a lifespan, `flexiti_of(request)`, handlers of errors |
| `fastapi` | FastAPI | the same, and the dependency `Flexiti` |
| `aiohttp_web` | aiohttp.web | `setup(app)`, a typed `AppKey`, a middleware |
| `litestar` | Litestar | a plugin |
| `quart` | Quart | `setup(app)`, `flexiti_of(app)` |
| `django` | Django, async views | an ASGI wrapper, `flexiti_of(request)`, a middleware |

Each opens one session per process and closes it when the server stops. A framework is imported by
its own module alone; each has an extra with the least version that is tested.
"""
