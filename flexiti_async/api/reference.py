"""
i18n, terms-and-conditions and information: texts for customers (spec 5.1 to 5.3).

The portal describes none of the three in full: their parameters and the shapes of their answers are
UNKNOWN. So the answers are returned as received (`ReferenceData`), and every call accepts further
query parameters that Flexiti may have given to the shop. Their versions, v2.5, are inferred. Texts
change rarely: `FlexitiSession.reference` caches them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Self, cast

from attrs import field, frozen

from flexiti_async.api.common import LANGUAGE, Language, LanguageWord
from flexiti_async.api.converters import to_language, to_optional_text
from flexiti_async.api.endpoints import (
    I18N,
    INFORMATION,
    TERMS_AND_CONDITIONS,
    I18nMethod,
    I18nMethodWord,
)
from flexiti_async.protocol.arguments import json_body, query_of, word
from flexiti_async.protocol.call import Call, Json, Replay
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.model import AnswerModel, plain_json
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import INVALID, Check, text_check

__all__ = ["I18nMethod", "ReferenceData", "i18n", "information", "terms_and_conditions"]


@frozen
class ReferenceData(AnswerModel):
    """
    An answer whose shape the portal does not show.

    Attributes:
        content: The JSON of the answer as received: an object, a list or a text; numbers with a
            point are `Decimal`. An empty answer is an empty object.
    """

    content: object = field(repr=False)

    _schema: ClassVar[Mapping[str, object] | None] = MappingProxyType(
        {"properties": {"content": {}}, "required": ["content"]}
    )

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Accept any JSON."""
        return cls(data)

    @classmethod
    def _read(cls, given: Mapping[str, object]) -> Self:
        """Build it from its plain values. Raises UnfitError."""
        if "content" not in given:
            raise UnfitError("required field missing at $.content")
        return cls(given["content"])

    def to_dict(self, *, reveal: bool = False) -> dict[str, object]:
        """
        Return the answer under the name `content`.

        Args:
            reveal: Include what has the name of a secret.
        """
        return {"content": plain_json(self.content, reveal=reveal)}

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of the answer if it is an object, otherwise an empty mapping."""
        content = self.content
        return cast("Mapping[str, object]", content) if isinstance(content, Mapping) else {}


_KEY_TEXT: Final = text_check(200, "province")


def _key_problem(value: object) -> str | None:
    # A dot segment would be resolved away (RFC 3986 section 5.2.4).
    return INVALID if isinstance(value, str) and value in {".", ".."} else _KEY_TEXT.problem(value)


_KEY: Final = Check(_key_problem, f"{_KEY_TEXT.rule}, and not . or ..")


@validated
@frozen(kw_only=True, slots=False)
class _Text:
    lang: Language | LanguageWord = field(converter=to_language, metadata=takes(LANGUAGE))
    key: str | None = field(default=None, converter=to_optional_text, metadata=takes(Rule(_KEY)))


@sensitive_arguments
def i18n(
    key: str | None = None,
    *,
    lang: Language | LanguageWord = Language.ENGLISH,
    method: I18nMethod | I18nMethodWord = I18nMethod.POST,
    query: Mapping[str, str] | None = None,
) -> Call[ReferenceData]:
    """
    Build the call of i18n: form values, messages and disclaimers, all of them or those of one key.

    The portal says that the key is "in the URL". That it is the last segment of the path, and that
    the language is a query parameter as in other endpoints, is inferred.

    Args:
        key: The key; None for everything.
        lang: Language of the texts.
        method: POST or GET: the portal's pages differ.
        query: Further query parameters; they win over `lang`.

    Raises:
        ValidationError: The language or the method is unknown, the key is invalid, or the query is
            not a mapping of texts.
    """
    asked = _Text(lang=lang, key=key)
    return Call(
        endpoint=I18N,
        method=word(I18nMethod, "method", method).name,
        path="client-id/{client_id}/i18n/{key}" if asked.key else "client-id/{client_id}/i18n",
        scope=Scope.CUSTOMER,
        result=ReferenceData,
        replay=Replay.SAFE,
        query={"lang": str(asked.lang), **query_of("query", query)},
        path_values={"key": asked.key} if asked.key else {},
    )


@sensitive_arguments
def terms_and_conditions(
    *,
    lang: Language | LanguageWord = Language.ENGLISH,
    query: Mapping[str, str] | None = None,
) -> Call[ReferenceData]:
    """
    Build the call of terms-and-conditions.

    Its parameters are UNKNOWN; the language is inferred from other endpoints.

    Args:
        lang: Language of the texts.
        query: Further query parameters, possibly a province; they win over `lang`.

    Raises:
        ValidationError: The language is unknown, or the query is not a mapping of texts.
    """
    asked = _Text(lang=lang)
    return Call(
        endpoint=TERMS_AND_CONDITIONS,
        method="GET",
        path="client-id/{client_id}/terms-and-conditions",
        scope=Scope.CUSTOMER,
        result=ReferenceData,
        replay=Replay.SAFE,
        query={"lang": str(asked.lang), **query_of("query", query)},
    )


@sensitive_arguments
def information(
    body: Json | None = None,
    *,
    query: Mapping[str, str] | None = None,
) -> Call[ReferenceData]:
    """
    Build the call of information.

    An old list of scopes names it; everything else is UNKNOWN, including whether it may run twice.
    So it is never repeated automatically.

    Args:
        body: JSON object to send; None for no body.
        query: Query parameters.

    Raises:
        ValidationError: The body is not a JSON object, or the query not a mapping of texts.
    """
    return Call(
        endpoint=INFORMATION,
        method="POST",
        path="client-id/{client_id}/information",
        scope=Scope.CUSTOMER,
        result=ReferenceData,
        replay=Replay.NEVER,
        body=None if body is None else json_body("body", body),
        query=query_of("query", query),
    )
