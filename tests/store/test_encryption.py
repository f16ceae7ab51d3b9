"""Encryption: any text survives a round trip, and nothing else decrypts."""

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import ConfigError, RecordUnreadable
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.encryption import (
    KEY_BYTES,
    NONCE_BYTES,
    KeyRing,
    NotSealedError,
    key_from_bytes,
)

from ..support.keys import encryption_key

RING = KeyRing([encryption_key("a"), encryption_key("b")])
OTHER = KeyRing([encryption_key("c")])
NONCE = b"n" * NONCE_BYTES


@given(text=st.text(), name=st.text(), nonce=st.binary(min_size=12, max_size=12))
def test_round_trip(text: str, name: str, nonce: bytes) -> None:
    """
    Any text survives, under any name, with any nonce; the encrypted form is ASCII without the text.
    """
    name = name.encode("utf-8", "replace").decode()
    text = text.encode("utf-8", "replace").decode()
    sealed = RING.seal(text, name=name, nonce=nonce)

    assert sealed.isascii()
    assert text == RING.open(sealed, name=name)


@given(payload=st.text())
def test_any_other_text_is_an_error(payload: str) -> None:
    """Any other text is one of two typed errors."""
    with pytest.raises((NotSealedError, RecordUnreadable)):
        RING.open(payload, name="key")


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_text_of_too_few_or_too_many_parts_is_not_encrypted(count: int) -> None:
    """A cut one, and one with more behind it, are no accidents of encryption."""
    parts = [*RING.seal("the text", name="key", nonce=NONCE).split("."), "more"]
    with pytest.raises(NotSealedError):
        RING.open(".".join(parts[:count]), name="key")


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_damaged_text_never_decrypts_to_another_one(place: int, character: str) -> None:
    """One changed character is detected, unless base64 decodes it to the same bits."""
    sealed = RING.seal("the text", name="key", nonce=NONCE)
    place %= len(sealed)
    damaged = sealed[:place] + character + sealed[place + 1 :]
    try:
        opened = RING.open(damaged, name="key")
    except (NotSealedError, RecordUnreadable):
        opened = "rejected"

    assert opened in {"rejected", "the text"}


def test_a_flipped_bit_of_the_ciphertext_is_detected() -> None:
    """The text is authenticated, not only encrypted."""
    sealed = RING.seal("the text", name="key", nonce=NONCE)
    flipped = sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]

    with pytest.raises(RecordUnreadable, match="damaged"):
        RING.open(flipped, name="key")


def test_the_store_key_is_bound() -> None:
    """A text encrypted for one store key does not decrypt under another."""
    sealed = RING.seal("text", name="one", nonce=NONCE)

    with pytest.raises(RecordUnreadable, match="another store key"):
        RING.open(sealed, name="other")


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    """The first key encrypts and all keys decrypt, which allows rotation."""
    old = KeyRing([encryption_key("b")]).seal("text", name="key", nonce=NONCE)

    assert "text" == RING.open(old, name="key")
    with pytest.raises(RecordUnreadable, match="not in token_keys"):
        KeyRing([encryption_key("b")]).open(RING.seal("text", name="key", nonce=NONCE), name="key")


def test_an_unknown_key_does_not_decrypt() -> None:
    """An unknown key is an error, not a missing entry."""
    with pytest.raises(RecordUnreadable):
        OTHER.open(RING.seal("text", name="key", nonce=NONCE), name="key")


@pytest.mark.parametrize("bad", ["", "short", "x" * 44, "ä" * 43, "a" * 42])
def test_an_invalid_key_is_a_config_error_that_does_not_show_it(bad: str) -> None:
    """The error says how to generate a key, and does not show the bad one."""
    with pytest.raises(ConfigError) as caught:
        KeyRing([Secret(bad)])

    assert "keys generate" in str(caught.value)
    assert "token_keys" == caught.value.option


@pytest.mark.parametrize(
    "raw",
    [
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        bytes(range(255, -1, -8)),
        bytes((240 + step) % 256 for step in range(32)),
        b"changeme" * 4,
        b"0123456789abcdef" * 2,
        b"correct horse" * 2 + b"correc",
        bytes(31) + b"\x01",
    ],
    ids=map(str, range(9)),
)
def test_a_key_that_can_be_guessed_is_refused(raw: bytes) -> None:
    """Zeros, a count, a repeated word: anybody can guess such a key."""
    with pytest.raises(ConfigError, match="a simple pattern: generate one with") as caught:
        KeyRing([key_from_bytes(raw)])

    assert "token_keys" == caught.value.option
    assert key_from_bytes(raw).reveal() not in str(caught.value)


@given(st.randoms(use_true_random=True))
def test_a_random_key_is_not_refused(source: random.Random) -> None:
    """A random key is no simple pattern."""
    KeyRing([key_from_bytes(source.randbytes(KEY_BYTES))])


@given(st.randoms(use_true_random=True), st.integers(17, KEY_BYTES - 1))
def test_a_key_whose_end_repeats_its_beginning_is_not_refused(
    source: random.Random, length: int
) -> None:
    """One random key of 256 ends with its first byte; only a whole repetition is a pattern."""
    part = source.randbytes(length)
    KeyRing([key_from_bytes((part * 2)[:KEY_BYTES])])


def test_no_keys_are_a_config_error() -> None:
    """An empty key ring is a ConfigError."""
    with pytest.raises(ConfigError):
        KeyRing([])


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `cryptography` there is a ConfigError that says what to install."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ConfigError, match=r"flexiti-async\[crypto\]") as caught:
        KeyRing([encryption_key("a")])

    assert "token_keys" == caught.value.option
