"""`flexiti.reference`: form values, messages and terms, cached as the shop configures."""

from collections.abc import Mapping

from flexiti_async.api import reference
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.reference import I18nMethod, ReferenceData
from flexiti_async.protocol.call import Call, Json
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.reference_cache import ReferenceCache
from flexiti_async.resources.sending import Send
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Reference"]


class Reference:
    """
    Texts for customers (spec sections 5.1 to 5.3).

    Methods raise ValidationError before anything is sent, and the errors of `FlexitiSession.send`.
    While the API is down, form values and terms are served from the cache, even if stale.

    Args:
        send: Sends the calls.
        cache: Caches the answers.
        i18n_method: HTTP method of i18n (spec section 8 row 15).
    """

    def __init__(
        self, send: Send, cache: ReferenceCache, *, i18n_method: I18nMethod = I18nMethod.POST
    ) -> None:
        self._send = send
        self._cache = cache
        self._i18n_method = i18n_method

    @sensitive_arguments
    async def form_values(
        self,
        key: str | None = None,
        *,
        lang: Language | LanguageWord = Language.ENGLISH,
        query: Mapping[str, str] | None = None,
    ) -> ReferenceData:
        """
        Return form values, messages and disclaimers in a language, all or those of one key.

        See `flexiti_async.api.reference.i18n` for the parameters.
        """
        call = reference.i18n(key, lang=lang, method=self._i18n_method, query=query)
        return await self._cache.answer(call, self._fetch)

    @sensitive_arguments
    async def terms(
        self,
        *,
        lang: Language | LanguageWord = Language.ENGLISH,
        query: Mapping[str, str] | None = None,
    ) -> ReferenceData:
        """
        Return the terms and conditions in a language.

        See `flexiti_async.api.reference.terms_and_conditions` for the parameters.
        """
        call = reference.terms_and_conditions(lang=lang, query=query)
        return await self._cache.answer(call, self._fetch)

    @sensitive_arguments
    async def information(
        self,
        body: Json | None = None,
        *,
        query: Mapping[str, str] | None = None,
        reference_id: ReferenceId | None = None,
    ) -> ReferenceData:
        """Send the call of information, which is undocumented; its answer is not cached."""
        call = reference.information(body, query=query)
        return await self._send(call, reference_id=reference_id)

    async def _fetch(self, call: Call[ReferenceData]) -> ReferenceData:
        # In a flow of its own, because all callers share the answer.
        return await self._send(call)
