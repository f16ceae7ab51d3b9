"""The texts of the shop by language, and amounts as Canadians write them."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from flexiti_async import Language
from flexiti_async.demo.english import ENGLISH
from flexiti_async.demo.french import FRENCH

__all__ = ["TEXTS", "money", "percent"]

_NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"


def _french(text: str) -> str:
    """Keep colons, dollar signs and quotation marks on the line of the word beside them."""
    for before in (" :", " $", " »"):
        text = text.replace(before, _NO_BREAK_SPACE + before[1:])
    return text.replace("« ", f"«{_NO_BREAK_SPACE}")


TEXTS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType(
    {
        Language.ENGLISH: MappingProxyType(ENGLISH),
        Language.FRENCH: MappingProxyType({name: _french(text) for name, text in FRENCH.items()}),
    }
)
"""The texts, by language and name."""


def money(amount: Decimal, language: Language) -> str:
    """Format dollars as Canadians write them in that language."""
    plain = f"{amount:,.2f}"
    if language is Language.ENGLISH:
        return f"${plain}"
    return plain.replace(",", _NO_BREAK_SPACE).replace(".", ",") + f"{_NO_BREAK_SPACE}$"


def percent(share: Decimal, language: Language) -> str:
    """Format a share as a percentage."""
    plain = f"{share * 100:.2f}"
    if language is Language.ENGLISH:
        return f"{plain}%"
    return plain.replace(".", ",") + f"{_NO_BREAK_SPACE}%"
