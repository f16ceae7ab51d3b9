"""
What saves a shop work beside what it runs on: a module for each, imported by nobody here.

| module | for | gives |
|---|---|---|
| `problems` | all | errors as RFC 9457 problem details, in English and French |
| `starlette` | Starlette | a lifespan, `flexiti_of(request)`, handlers of errors |
| `fastapi` | FastAPI | the same, and the dependency `Flexiti` |
| `aiohttp_web` | aiohttp.web | `setup(app)`, a typed `AppKey`, a middleware |
| `litestar` | Litestar | a plugin |
| `quart` | Quart | `setup(app)`, `flexiti_of(app)` |
| `django` | Django, async views | an ASGI wrapper, `flexiti_of(request)`, a middleware |
| `otel` | OpenTelemetry | spans and metrics |

Those of frameworks open one session per process and close it when the server stops. What a module
is for is imported by that module alone, and has an extra with its least version.
"""
