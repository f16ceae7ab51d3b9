"""Everything that is random, and all that is left of a history, under control."""

import contextlib
import gc
import logging
import os
import random
import secrets
import sys
from collections.abc import Generator, Mapping

__all__ = ["seeded"]


@contextlib.contextmanager
def seeded(seed: int, *patches: tuple[object, Mapping[str, object]]) -> Generator[None]:
    """
    Let a history draw everything from a seed, log nothing, and be undisturbed by others' garbage.

    The library draws from the module `random`, from `secrets` and from `os.urandom`; it reads no
    time but the clock that a session is given and the event loop's.

    Args:
        seed: The seed.
        patches: Objects, and the attributes of them that are replaced meanwhile.
    """
    draw = random.Random(f"secrets {seed}")  # noqa: S311 - a repeatable history
    state, collects, disabled = random.getstate(), gc.isenabled(), logging.root.manager.disable
    hook = sys.unraisablehook
    random.seed(seed)
    gc.disable()
    logging.disable()
    sys.unraisablehook = lambda _: None

    def bytes_of(size: int | None = None) -> bytes:
        return draw.randbytes(size or 32)

    replaced: list[tuple[object, Mapping[str, object]]] = [
        (secrets, {"token_bytes": bytes_of}),
        (os, {"urandom": bytes_of}),
        *patches,
    ]
    # Not `mock.patch`, which costs a tenth of a history.
    before = [(target, name, getattr(target, name)) for target, names in replaced for name in names]
    for target, names in replaced:
        for name, value in names.items():
            setattr(target, name, value)
    try:
        yield
    finally:
        for target, name, value in before:
            setattr(target, name, value)
        random.setstate(state)
        logging.disable(disabled)
        if collects:
            gc.enable()
        sys.unraisablehook = hook
