"""Search for a text where it must not be: an error, its chain, and the frames of its traceback."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import cast

_TESTS = str(Path(__file__).parents[1])


def sightings(error: BaseException, *canaries: str) -> list[str]:
    """Return the places of an error in which any of the canaries shows."""
    return [
        place
        for link in chain_of(error)
        for place, shown in (*_faces(link), *_locals(link))
        if any(canary in shown for canary in canaries)
    ]


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, those that it is chained to, and the members of groups; each once."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        link = left.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        left += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            left += cast("BaseExceptionGroup[BaseException]", link).exceptions


def _faces(error: BaseException) -> Iterator[tuple[str, str]]:
    name = type(error).__name__
    yield f"str({name})", str(error)
    yield f"repr({name})", repr(error)
    yield f"{name}.args", repr(error.args)
    yield f"vars({name})", repr(vars(error))
    yield f"report of {name}", "".join(traceback.format_exception_only(error))
    # UnicodeEncodeError, json.JSONDecodeError and similar errors keep their input.
    for held in ("object", "doc"):
        yield f"{name}.{held}", repr(getattr(error, held, None))


def _locals(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield the local variables of every frame that is not a test's."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_filename.startswith(_TESTS):
            continue
        for name, value in frame.f_locals.items():
            yield f"{name} in {code.co_qualname} ({code.co_filename})", _shown(value)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a half-initialized object may have no repr
        return f"no repr: {type(error).__name__}"
