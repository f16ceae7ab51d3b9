"""
The sandbox's own choices: labels in the code, where the specification is silent or undecided.

`Sandbox.assumptions` returns them, and the page *What the sandbox invents* of the documentation is
generated from them.
"""

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from flexiti_async.sandbox.wire.endpoints import ENDPOINTS

__all__ = ["EVERY", "Assumption", "assumptions", "invents"]

EVERY = "every endpoint"
"""The endpoint of choices that are the same for all."""

F = TypeVar("F", bound=Callable[..., object])


@frozen
class Assumption:
    """
    One choice of the sandbox's own.

    Attributes:
        endpoint: The endpoint, or `every endpoint`.
        text: The choice.
        spec: The section of the specification that leaves it open.
        setting: The setting of `Sandbox` that changes it; empty if none does.
    """

    endpoint: str
    text: str
    spec: str
    setting: str = ""


_LABELS: list[Assumption] = []


def invents(endpoint: str, text: str, *, spec: str, setting: str = "") -> Callable[[F], F]:
    """
    Label a function with a choice that the specification does not make.

    Args:
        endpoint: The endpoint, or `EVERY`.
        text: The choice.
        spec: The section that leaves it open.
        setting: The setting that changes it.
    """
    _LABELS.append(Assumption(endpoint, text, spec, setting))
    return lambda labelled: labelled


def assumptions() -> tuple[Assumption, ...]:
    """Return all labels, in the order of the endpoints."""
    order = [EVERY, *ENDPOINTS]
    return tuple(sorted(_LABELS, key=lambda each: order.index(each.endpoint)))
