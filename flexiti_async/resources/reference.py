"""`flexiti.reference`: form values, messages and terms, kept for as long as the shop says."""

from collections.abc import Mapping

from flexiti_async.api import reference
from flexiti_async.api.common import Language
from flexiti_async.api.reference import I18nMethod, ReferenceData
from flexiti_async.protocol.call import Call, Json
from flexiti_async.resources.reference_cache import ReferenceCache
from flexiti_async.resources.sending import Send

__all__ = ["Reference"]


class Reference:
    """
    What a shop shows to customers (spec sections 5.1 to 5.3).

    Every method raises ValidationError before anything is sent, and what `FlexitiSession.send`
    raises; form values and terms are served old rather than not at all while the API is down.

    Args:
        send: Sends the calls.
        cache: Keeps the answers.
        i18n_method: HTTP method of i18n (spec section 8 row 15).
    """

    def __init__(
        self, send: Send, cache: ReferenceCache, *, i18n_method: I18nMethod = I18nMethod.POST
    ) -> None:
        self._send = send
        self._cache = cache
        self._i18n_method = i18n_method

    async def form_values(
        self,
        key: str | None = None,
        *,
        lang: Language | str = Language.ENGLISH,
        query: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> ReferenceData:
        """
        Give form values, messages and disclaimers in a language, all of them or those of one key.

        See `flexiti_async.api.reference.i18n` for the parameters.
        """
        call = reference.i18n(
            key, lang=lang, method=self._i18n_method, query=query, version=version
        )
        return await self._cache.answer(call, self._fetch)

    async def terms(
        self,
        *,
        lang: Language | str = Language.ENGLISH,
        query: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> ReferenceData:
        """
        Give the terms and conditions in a language.

        See `flexiti_async.api.reference.terms_and_conditions` for the parameters.
        """
        call = reference.terms_and_conditions(lang=lang, query=query, version=version)
        return await self._cache.answer(call, self._fetch)

    async def information(
        self,
        body: Json | None = None,
        *,
        query: Mapping[str, str] | None = None,
        version: str | None = None,
        reference_id: str | None = None,
    ) -> ReferenceData:
        """Make the call of information, of which nothing is known; its answer is not kept."""
        call = reference.information(body, query=query, version=version)
        return await self._send(call, reference_id=reference_id)

    async def _fetch(self, call: Call[ReferenceData]) -> ReferenceData:
        # A flow of its own: the answer is everybody's.
        return await self._send(call)
