"""
Support for web frameworks and OpenTelemetry, one module each, imported only by the shop.

| module | for | provides |
|---|---|---|
| `problems` | all | errors and groups of them as RFC 9457 problem details, in two languages |
| `starlette` | Starlette | a lifespan, `flexiti_of(request)`, an error handler |
| `fastapi` | FastAPI | the same, and the dependency `Flexiti` |
| `aiohttp_web` | aiohttp.web | `setup(app)`, `flexiti_of(request)`, a typed `AppKey` |
| `litestar` | Litestar | a plugin |
| `quart` | Quart | `setup(app)`, `flexiti_of(app)` |
| `django` | Django, async views | an ASGI wrapper, `flexiti_of(request)`, a middleware |
| `url_masking` | Sentry, instrumentations of aiohttp | `UrlMasking`: no customer's data in URLs |
| `otel` | OpenTelemetry | `Telemetry`, a listener that records spans and metrics |

The module of a framework opens one session per process, or one for each of several names, and
closes it when the server stops. Errors that come too late for a response are logged and raised on,
and a WebSocket is closed with 1011. The module is the only one that imports the framework, whose
extra names the lowest version that is tested.
"""
