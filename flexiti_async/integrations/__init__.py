"""
What saves a shop work in its web framework, and OpenTelemetry: a module each, imported by nobody.

| module | for | gives |
|---|---|---|
| `problems` | all | errors as RFC 9457 problem details, in English and French |
| `starlette` | Starlette | a lifespan, `flexiti_of(request)`, handlers of errors |
| `fastapi` | FastAPI | the same, and the dependency `Flexiti` |
| `aiohttp_web` | aiohttp.web | `setup(app)`, a typed `AppKey`, a middleware |
| `litestar` | Litestar | a plugin |
| `quart` | Quart | `setup(app)`, `flexiti_of(app)` |
| `django` | Django, async views | an ASGI wrapper, `flexiti_of(request)`, a middleware |
| `otel` | OpenTelemetry | `Telemetry`, a listener that makes spans and metrics |

Each of a framework opens one session per process and closes it when the server stops. What it is
for is imported by that module alone, and has an extra with the least version that is tested.
"""
