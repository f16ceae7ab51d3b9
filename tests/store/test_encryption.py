"""Sealing texts: any text comes back, and nothing else does."""

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

RING = KeyRing([key_from_bytes(b"a" * KEY_BYTES), key_from_bytes(b"b" * KEY_BYTES)])
OTHER = KeyRing([key_from_bytes(b"c" * KEY_BYTES)])
NONCE = b"n" * NONCE_BYTES


@given(text=st.text(), name=st.text(), nonce=st.binary(min_size=12, max_size=12))
def test_what_is_sealed_opens_again(text: str, name: str, nonce: bytes) -> None:
    """Any text, under any name, with any nonce; and the sealed form is ASCII without the text."""
    name = name.encode("utf-8", "replace").decode()
    text = text.encode("utf-8", "replace").decode()
    sealed = RING.seal(text, name=name, nonce=nonce)

    assert sealed.isascii()
    assert text == RING.open(sealed, name=name)


@given(payload=st.text())
def test_any_other_text_is_refused(payload: str) -> None:
    """Whatever stands in a store, it opens or is one of two typed errors."""
    with pytest.raises((NotSealedError, RecordUnreadable)):
        RING.open(payload, name="key")


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_damaged_seal_never_opens_to_another_text(place: int, character: str) -> None:
    """One changed character anywhere is noticed, unless base64 reads it as the same bits."""
    sealed = RING.seal("the text", name="key", nonce=NONCE)
    place %= len(sealed)
    damaged = sealed[:place] + character + sealed[place + 1 :]
    try:
        opened = RING.open(damaged, name="key")
    except (NotSealedError, RecordUnreadable):
        opened = "refused"

    assert opened in {"refused", "the text"}


def test_a_flipped_bit_of_the_ciphertext_is_noticed() -> None:
    """The text is authenticated, not only hidden."""
    sealed = RING.seal("the text", name="key", nonce=NONCE)
    flipped = sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]

    with pytest.raises(RecordUnreadable, match="damaged"):
        RING.open(flipped, name="key")


def test_the_name_is_bound() -> None:
    """What was sealed for one store key does not open under another."""
    sealed = RING.seal("text", name="one", nonce=NONCE)

    with pytest.raises(RecordUnreadable, match="another store key"):
        RING.open(sealed, name="other")


def test_the_first_key_seals_and_all_open() -> None:
    """That is what makes a rotation."""
    old = KeyRing([key_from_bytes(b"b" * KEY_BYTES)]).seal("text", name="key", nonce=NONCE)

    assert "text" == RING.open(old, name="key")
    with pytest.raises(RecordUnreadable, match="not in token_keys"):
        KeyRing([key_from_bytes(b"b" * KEY_BYTES)]).open(
            RING.seal("text", name="key", nonce=NONCE), name="key"
        )


def test_a_foreign_key_does_not_open() -> None:
    """It is a failure of its own, not "absent"."""
    with pytest.raises(RecordUnreadable):
        OTHER.open(RING.seal("text", name="key", nonce=NONCE), name="key")


@pytest.mark.parametrize("bad", ["", "short", "x" * 44, "ä" * 43, "a" * 42])
def test_a_key_that_is_none_is_a_config_error_that_does_not_show_it(bad: str) -> None:
    """The error says how to make one."""
    with pytest.raises(ConfigError) as caught:
        KeyRing([Secret(bad)])

    assert "keys generate" in str(caught.value)
    assert "token_keys" == caught.value.option


def test_no_key_at_all_is_a_config_error() -> None:
    """An empty ring would seal nothing."""
    with pytest.raises(ConfigError):
        KeyRing([])


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `cryptography` there is a ConfigError that says what to install."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ConfigError, match=r"flexiti-async\[crypto\]") as caught:
        KeyRing([key_from_bytes(b"a" * KEY_BYTES)])

    assert "token_keys" == caught.value.option
