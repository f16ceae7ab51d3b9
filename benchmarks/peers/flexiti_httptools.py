"""The library with its second HTTP engine, `http="httptools"`."""

from benchmarks.peers.flexiti_async import Adapter as Base

__all__ = ["Adapter"]


class Adapter(Base):
    """`FlexitiSession(FlexitiConfig(http="httptools"))`."""

    def __init__(self) -> None:
        super().__init__(http="httptools")
