"""Masks: what they show of a value, and that they never show a sensitive one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.protocol.redact import mask, mask_text, mask_url, printable

HEX = "0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "none"),
        (True, "true"),
        (False, "false"),
        ("", "0 characters"),
        ("canary@example.com", "18 characters"),
        (0, "number of 1 digit"),
        (4111111111111111, "number of 16 digits"),
        (-4111, "number of 4 digits"),
        (Decimal("4111.11"), "Decimal"),
        (4111.11, "float"),
        (["canary"], "list"),
        ({"canary": 1}, "dict"),
    ],
)
def test_mask(value: object, expected: str) -> None:
    """A mask shows kind and size of a value, never a part of it."""
    assert expected == mask(value)


def test_a_number_that_python_does_not_format_is_masked() -> None:
    """JSON has numbers of any length, and masking one does not fail."""
    assert "number of more than 300 digits" == mask(10**5000)
    assert "number of 301 digits" == mask(10**300)


@given(st.text(min_size=20) | st.integers(min_value=10**6, max_value=10**300))
def test_a_mask_never_contains_the_value(value: object) -> None:
    """No mask contains the value."""
    assert str(value) not in mask(value)


tokens = st.text(HEX, min_size=32, max_size=64)
emails = st.from_regex(r"[a-z.+_]{1,20}@[a-z]{1,10}\.(com|ca)", fullmatch=True)
numbers = st.from_regex(r"[0-9]{7,19}", fullmatch=True)
spaced = st.from_regex(r"[0-9]{4}( [0-9]{4}){1,3}", fullmatch=True)
phones = st.from_regex(r"\([2-9][0-9]{2}\) [0-9]{3}-[0-9]{4}", fullmatch=True)
dates = st.dates().map(str)
around = st.text("abc .,:;'\"<>()[]{}=?\n", max_size=60)


@given(around, tokens | emails | numbers | spaced | phones | dates, around)
def test_mask_text_hides_sensitive_parts(before: str, canary: str, after: str) -> None:
    """No token, address, number or date survives in a text, in any place."""
    shown = mask_text(f"{before} {canary} {after}")

    assert canary not in shown
    assert "****" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Some inputs are wrong!", "Some inputs are wrong!"),
        ("plan 123456 in 2026", "plan 123456 in 2026"),
        ("limit_payment_amount_24", "limit_payment_amount_24"),
        ("call 613-555-0100 now", "call **** now"),
        ("born 1988-07-24", "born ****"),
        ("<canary@example.com>", "<****>"),
        ("token=0123456789abcdef0123456789ABCDEF.", "token=****."),
        ("0123456789abcdefABCDEF-short", "****abcdefABCDEF-short"),
        ("", ""),
    ],
)
def test_mask_text(text: str, expected: str) -> None:
    """Words and short numbers stay, sensitive parts are replaced."""
    assert expected == mask_text(text)


@pytest.mark.parametrize("canary", ["c0ffee" * 6, "canary@example.com", "4111111111111111"])
@pytest.mark.parametrize("before", ["word " * 100, "word " * 38, f"{'0a1b2c3d' * 8} " * 40])
@pytest.mark.parametrize("length", [5, 15, 31])
def test_no_cut_leaves_half_of_a_sensitive_part(before: str, canary: str, length: int) -> None:
    """No half of a sensitive part is left, at either cut."""
    for limit in (200, 2000):
        text = f"{before[: limit - length - 1]} {canary} end"
        shown = mask_text(text)

        assert canary[:5] not in shown
        assert len(shown) <= 201


@given(st.text())
def test_mask_text_is_short_and_printable(text: str) -> None:
    """The result is one short line for any text."""
    shown = mask_text(text)

    assert len(shown) <= 201 + 4
    assert not set(shown) & {chr(code) for code in (*range(32), *range(127, 160))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\tc", "a??b?c"),
        ("\x1b[31mred\x7f\x9b", "?[31mred??"),
        ("Québec …", "Québec …"),
        ("x" * 5, "x" * 5),
        ("x" * 6, "xxxxx…"),
        ("xxxx\n", "xxxx?"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    """No character controls a terminal or forges a line, and long text is cut."""
    assert expected == printable(text, 5 if "x" in text else 200)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://host.example/#/widget/shop/canary?lang=en&x-reference-id=r",
            "https://host.example/#/widget/shop/****?lang=en&x-reference-id=r",
        ),
        (
            "https://host.example/pos-api/#/widget/shop/canary?widget_session_id=canary&lang=fr",
            "https://host.example/pos-api/#/widget/shop/****?widget_session_id=****&lang=fr",
        ),
        ("https://host.example/#/widget/shop/canary", "https://host.example/#/widget/shop/****"),
        (
            "https://host.example/#/widget/shop/x?lang=<canary>&canary%=1",
            "https://host.example/#/widget/shop/****?lang=****&****",
        ),
        ("https://host.example/widget/shop/canary?lang=en", "https://host.example/****"),
        ("https://host.example/canary9/#/widget/shop/canary", "https://host.example/****"),
        ("https://host.example/#/other/shop/canary", "https://host.example/****"),
        ("https://host.example/page?token=canary", "https://host.example/****"),
        ("https://host.example/#/widget/canary", "https://host.example/****"),
        ("https://canary@host.example/#/widget/shop/canary", "****"),
        ("canary", "****"),
        ("", "****"),
    ],
)
def test_mask_url(url: str, expected: str) -> None:
    """Token and widget session are masked; of another shape only the origin is shown."""
    assert expected == mask_url(url)
    assert "canary" not in mask_url(url)


@given(
    st.text(st.sampled_from(f"{HEX}-._~+"), min_size=6),
    st.text(max_size=20).filter(lambda text: "canary" not in text),
)
def test_mask_url_hides_the_token(token: str, query: str) -> None:
    """The token does not survive, with any query."""
    shown = mask_url(f"https://h/#/widget/shop/canary{token}?{query}")

    assert shown.startswith("https://h/#/widget/shop/****?")
    assert "canary" not in shown
