"""Parsing of values that environment variables and TOML cannot contain."""

from flexiti_async.config.model import Environment
from flexiti_async.config.parsing import Invalid, hide, one_of, secrets
from flexiti_async.protocol.secret import Secret


def test_texts_are_hidden_in_lists_too() -> None:
    """Every text becomes a Secret, at any depth; other values stay."""
    hidden = hide(["a", ("b", 1), None])

    assert [Secret("a"), [Secret("b"), 1], None] == hidden


def test_a_member_is_accepted() -> None:
    """A member of the enumeration is accepted as it is."""
    assert Environment.TRAINING is one_of(Environment, Environment.TRAINING)


def test_secrets_are_a_text_or_a_list() -> None:
    """Other types are invalid, and so is a list that contains one."""
    for wrong in (1, {"a": "b"}, ["good", 1]):
        found: object = secrets(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

        assert isinstance(found, Invalid)
        assert "a text with commas, or a list of texts" == found.rule
    assert (Secret("a"), Secret("b")) == secrets(["a", "", "b"])
