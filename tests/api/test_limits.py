"""The limits of the specification's tables, as the library's models check them."""

import pytest

from flexiti_async import ConfigError, FlexitiConfig
from flexiti_async.errors import ValidationError

from ..support.parameters import ENDPOINTS, Parameter
from ..support.sample_calls import SAMPLES, Sample

OF_THE_SHOP = {"authorization", "x-reference-id", "client_id"}
"""Parameters that no call has: they are of the session."""
LIMITS = [
    pytest.param(sample, row, id=f"{name}-{number}-{row.name}")
    for name, samples in SAMPLES.items()
    for number, sample in enumerate(samples)
    for row in ENDPOINTS[name].parameters
    if row.most is not None and row.name not in OF_THE_SHOP and sample.has(row.name)
]


@pytest.mark.parametrize(("sample", "row"), LIMITS)
def test_limits(sample: Sample, row: Parameter) -> None:
    """The longest value is accepted, and one that is longer is refused by the parameter's name."""
    if row.longest is not None:
        sample.changed(row.name, row.longest)
    with pytest.raises(ValidationError) as caught:
        sample.changed(row.name, row.too_long)

    (error,) = caught.value.field_errors
    assert row.name == error.param
    assert error.msg in {"length", "wrong format"} or row.words


def test_every_limit_is_tested() -> None:
    """No limit of the table is left out."""
    rows = {
        (endpoint.name, row.name)
        for endpoint in ENDPOINTS.values()
        for row in endpoint.parameters
        if row.most is not None and row.name not in OF_THE_SHOP | {"client_secret"}
    }
    tested = {
        (name, row.name)
        for name, samples in SAMPLES.items()
        for row in ENDPOINTS[name].parameters
        if row.most is not None and any(sample.has(row.name) for sample in samples)
    }

    assert rows <= tested
    assert len(LIMITS) > 90


def test_the_client_id() -> None:
    """The client id has at most 100 characters."""
    (row,) = (one for one in ENDPOINTS["oauth/token"].parameters if one.name == "client_id")
    FlexitiConfig(client_id=str(row.longest), client_secret="s", environment="training")
    with pytest.raises(ConfigError, match="client_id"):
        FlexitiConfig(client_id=str(row.too_long), client_secret="s", environment="training")
