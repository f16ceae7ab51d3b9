from collections.abc import Callable

class BearerTokenGenerator:
    def __init__(
        self, access_token_generator: Callable[..., str], *, expires_generator: int
    ) -> None: ...
    def __call__(self, **options: object) -> dict[str, object]: ...
