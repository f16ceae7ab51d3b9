"""Error texts for names that do not exist: the nearest one, or all of them."""

from collections.abc import Collection
from difflib import get_close_matches

__all__ = ["suggestion"]


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the end of an error text: the nearest known name, or all of them if none is near."""
    # 0.5 instead of the default 0.6: `accounts/refund`, as in the path, must suggest `refund`.
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(known)}"
