"""The words that type checkers know are those of the enumerations, and options have one list."""

import enum
import inspect
from typing import Final, Literal, cast, get_args, get_type_hints

import attrs
import pytest

from flexiti_async import Environment, FlexitiConfig, Language, Scope, Sharing
from flexiti_async.api.accounts import VerificationFormat, VerificationFormatWord
from flexiti_async.api.canada import LocalRules, LocalRulesWord
from flexiti_async.api.common import AccountType, AccountTypeWord, LanguageWord
from flexiti_async.api.endpoints import NAMES, I18nMethod, I18nMethodWord
from flexiti_async.api.purchases import PurchaseType, PurchaseTypeWord
from flexiti_async.api.transactions import TransactionType, TransactionTypeWord
from flexiti_async.api.widget import AccountTypePlace, AccountTypePlaceWord
from flexiti_async.checkout.state import SharingWord
from flexiti_async.config.model import option_names
from flexiti_async.config.options import (
    ClientAuth,
    ClientAuthWord,
    ConfigOptions,
    EndpointName,
    EnvironmentWord,
    MerchantsLogin,
    MerchantsLoginWord,
    OnStoreFailure,
    OnStoreFailureWord,
    RefreshRevokesAccess,
    RefreshRevokesAccessWord,
    SwitchWord,
)
from flexiti_async.config.parsing import switch
from flexiti_async.protocol.call import OperationKind, OperationKindWord
from flexiti_async.protocol.token import ScopeWord

WORDS: Final[dict[type[enum.StrEnum], object]] = {
    AccountType: AccountTypeWord,
    AccountTypePlace: AccountTypePlaceWord,
    ClientAuth: ClientAuthWord,
    Environment: EnvironmentWord,
    I18nMethod: I18nMethodWord,
    LocalRules: LocalRulesWord,
    MerchantsLogin: MerchantsLoginWord,
    OnStoreFailure: OnStoreFailureWord,
    OperationKind: OperationKindWord,
    PurchaseType: PurchaseTypeWord,
    RefreshRevokesAccess: RefreshRevokesAccessWord,
    Scope: ScopeWord,
    Sharing: SharingWord,
    TransactionType: TransactionTypeWord,
    VerificationFormat: VerificationFormatWord,
}


def test_words_are_the_values_of_the_enumerations() -> None:
    """No word is missing, and none is too many."""
    assert [] == [kind for kind, words in WORDS.items() if list(get_args(words)) != list(kind)]
    assert set(get_args(EndpointName)) == NAMES
    assert {True, False} == {switch(word) for word in get_args(SwitchWord)}


@pytest.mark.parametrize("tag", get_args(LanguageWord))
def test_a_tag_is_its_language(tag: str) -> None:
    """The enumeration takes what the parameters take."""
    assert tag[:2] == Language(tag)


@pytest.mark.parametrize("tag", ["de", "de-CA", "french", "e", "", "-", "fr1", 5, None])
def test_no_other_language(tag: str | int | None) -> None:
    """Any other value is refused."""
    with pytest.raises(ValueError, match="Language"):
        Language(cast("str", tag))


def test_options_have_one_list() -> None:
    """`load` and `from_env` take the options of the class, of the same types, or None."""
    options = get_type_hints(ConfigOptions)
    differing = {
        option.name: options[option.name]
        for option in attrs.fields(FlexitiConfig)
        if option.init
        and set(get_args(options[option.name])) != {*taken(option.converter), type(None)}
    }

    assert option_names() == options.keys()
    assert {} == differing


def taken(converter: object) -> set[object]:
    """Return the types that the converter of an option takes."""
    assert callable(converter)
    [name] = inspect.signature(converter).parameters
    return set(get_args(get_type_hints(converter)[name]))


def test_literals_are_literals() -> None:
    """A checker that does not know an alias would accept anything."""
    assert all(getattr(words, "__origin__", None) is Literal for words in WORDS.values())
