"""
Fuzz readers of HTTP, of answers and of records, guided by coverage: `nox -s fuzz`.

Arguments are libFuzzer's, such as `-max_total_time=60`; a folder among them keeps the corpus.
"""

import sys

import atheris

with atheris.instrument_imports(include=["flexiti_async"]):
    from properties import check_answer, check_pieces, check_record, check_seal

    from flexiti_async.protocol.response import HttpResponse


def test_one_input(data: bytes) -> None:
    """Choose a property by the first bytes, and its input by the rest."""
    given = atheris.FuzzedDataProvider(data)
    kind = given.ConsumeIntInRange(0, 2)
    if kind == 0:
        pieces = [given.ConsumeBytes(given.ConsumeIntInRange(1, 1 << 12)) for _ in range(6)]
        check_pieces([*pieces, given.ConsumeBytes(1 << 20)], closes=given.ConsumeBool())
    elif kind == 1:
        status = given.ConsumeIntInRange(-1, 1000)
        headers = {"retry-after": given.ConsumeUnicodeNoSurrogates(12)}
        check_answer(HttpResponse(status, headers, given.ConsumeBytes(1 << 20)))
    else:
        payload = given.ConsumeUnicode(1 << 20)
        check_record(payload)
        check_seal(payload)


atheris.Setup(sys.argv, test_one_input)
atheris.Fuzz()
