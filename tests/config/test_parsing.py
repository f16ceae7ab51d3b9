"""What a user may write for an option: the values that no parser of environments makes."""

from flexiti_async.config.model import Environment
from flexiti_async.config.parsing import Bad, hide, one_of, secrets
from flexiti_async.protocol.secret import Secret


def test_texts_are_hidden_also_in_lists() -> None:
    """Every text becomes a Secret, at any depth; what is no text stays."""
    hidden = hide(["a", ("b", 1), None])

    assert [Secret("a"), [Secret("b"), 1], None] == hidden


def test_a_member_is_itself() -> None:
    """What is a member of the enumeration already is taken as it is."""
    assert Environment.TRAINING is one_of(Environment, Environment.TRAINING)


def test_secrets_are_a_text_or_a_list() -> None:
    """Anything else is a fault, and so is a list with one."""
    for wrong in (1, {"a": "b"}, ["good", 1]):
        found: object = secrets(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

        assert isinstance(found, Bad)
        assert "a text with commas, or a list of texts" == found.wanted
    assert (Secret("a"), Secret("b")) == secrets(["a", "", "b"])
