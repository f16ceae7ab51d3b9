"""
i18n, terms-and-conditions and information: texts for customers (spec 5.1 to 5.3).

The portal describes none of the three in full: their parameters and the shapes of their answers are
UNKNOWN. So the answers are returned as received (`ReferenceData`), and every call accepts further
query parameters that Flexiti may have given to the shop. Their versions, v2.5, are inferred. Texts
change rarely: `FlexitiSession.reference` caches them.
"""

from collections.abc import Mapping
from typing import Self, cast

from attrs import field, frozen

from flexiti_async.api.common import LANGUAGE, Language
from flexiti_async.api.endpoints import I18N, INFORMATION, TERMS_AND_CONDITIONS, I18nMethod
from flexiti_async.protocol.call import Call, Json, Replay
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import text_check

__all__ = ["I18nMethod", "ReferenceData", "i18n", "information", "terms_and_conditions"]


@frozen
class ReferenceData:
    """
    An answer whose shape the portal does not show.

    Attributes:
        content: The JSON of the answer as received: an object, a list or a text; numbers with a
            point are `Decimal`. An empty answer is an empty object.
    """

    content: object = field(repr=False)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Accept any JSON."""
        return cls(data)

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of the answer if it is an object, otherwise an empty mapping."""
        content = self.content
        return cast("Mapping[str, object]", content) if isinstance(content, Mapping) else {}


@validated
@frozen(kw_only=True)
class _Text:
    lang: Language | str = field(metadata=takes(LANGUAGE))
    key: str | None = field(default=None, metadata=takes(Rule(text_check(200))))


@sensitive_arguments
def i18n(
    key: str | None = None,
    *,
    lang: Language | str = Language.ENGLISH,
    method: I18nMethod | str = I18nMethod.POST,
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
        ValidationError: The language is unknown, or the key is invalid.
        ValueError: The method is not `post` or `get`.
    """
    asked = _Text(lang=lang, key=key)
    return Call(
        endpoint=I18N,
        method=I18nMethod(method).name,
        path="client-id/{client_id}/i18n/{key}" if asked.key else "client-id/{client_id}/i18n",
        scope=Scope.CUSTOMER,
        result=ReferenceData,
        replay=Replay.SAFE,
        query={"lang": str(asked.lang), **(query or {})},
        path_values={"key": asked.key} if asked.key else {},
    )


@sensitive_arguments
def terms_and_conditions(
    *,
    lang: Language | str = Language.ENGLISH,
    query: Mapping[str, str] | None = None,
) -> Call[ReferenceData]:
    """
    Build the call of terms-and-conditions.

    Its parameters are UNKNOWN; the language is inferred from other endpoints.

    Args:
        lang: Language of the texts.
        query: Further query parameters, possibly a province; they win over `lang`.

    Raises:
        ValidationError: The language is unknown.
    """
    asked = _Text(lang=lang)
    return Call(
        endpoint=TERMS_AND_CONDITIONS,
        method="GET",
        path="client-id/{client_id}/terms-and-conditions",
        scope=Scope.CUSTOMER,
        result=ReferenceData,
        replay=Replay.SAFE,
        query={"lang": str(asked.lang), **(query or {})},
    )


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
    """
    return Call(
        endpoint=INFORMATION,
        method="POST",
        path="client-id/{client_id}/information",
        scope=Scope.CUSTOMER,
        result=ReferenceData,
        replay=Replay.NEVER,
        body=body,
        query=query or {},
    )
