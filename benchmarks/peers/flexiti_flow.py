"""The library, asked for tokens that last for a customer's flow, as checkouts do."""

from benchmarks.peers import flexiti_async

__all__ = ["Adapter"]


class Adapter(flexiti_async.Adapter):
    """`FlexitiSession`, with the `min_ttl` of a checkout: half of a lifetime."""

    def __init__(self) -> None:
        super().__init__(min_ttl=600.0)
