"""`flexiti-async keys generate`: a key that the configuration accepts, another one each time."""

import pytest

from flexiti_async import FlexitiConfig
from flexiti_async.cli import main
from flexiti_async.store.encryption import KeyRing


def test_a_generated_key_is_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    """The output is one line, ready for FLEXITI_TOKEN_KEYS."""
    statuses = [main(["keys", "generate"]) for _ in range(2)]
    printed = capsys.readouterr()
    keys = printed.out.split()
    config = FlexitiConfig(
        client_id="shop", client_secret="s", environment="training", token_keys=",".join(keys)
    )

    assert ([0, 0], "") == (statuses, printed.err)
    assert 2 == len(set(keys))
    assert KeyRing(config.token_keys) is not None
