from collections.abc import Callable

class BaseCache:
    namespace: str | None
    build_key: Callable[[str, str | None], str]
    def __init__(
        self,
        serializer: object | None = None,
        plugins: list[object] | None = None,
        namespace: str | None = None,
        key_builder: Callable[[str, str | None], str] | None = None,
        timeout: float | None = 5,
        ttl: float | None = None,
    ) -> None: ...
    async def add(
        self,
        key: str,
        value: str,
        ttl: float | None = ...,
        dumps_fn: Callable[[str], str] | None = None,
    ) -> bool: ...
    async def get(
        self,
        key: str,
        default: object = None,
        loads_fn: Callable[[str | bytes | None], str | None] | None = None,
    ) -> str | None: ...
    async def set(
        self,
        key: str,
        value: str,
        ttl: float | None = ...,
        dumps_fn: Callable[[str], str] | None = None,
        _cas_token: str | None = None,
    ) -> object: ...
    async def raw(self, command: str, *args: object) -> object: ...
