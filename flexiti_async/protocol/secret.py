"""`Secret`: a text that no repr, log or pickle shows."""

import hashlib
import hmac
from typing import NoReturn, Self, TypeVar

from flexiti_async.errors import FieldError, ValidationError

__all__ = ["Secret", "fingerprint", "is_masked", "not_pickled"]

T = TypeVar("T")

MASK = "****"
_NO_PICKLE = (
    "a Secret cannot be pickled: save the reference_id and use FlexitiSession.resume(), or call "
    "reveal() and protect the text yourself"
)
_NO_SUM = "a Secret cannot be added to a text: use its reveal(), and protect the sum yourself"


def is_masked(text: str) -> bool:
    """Whether a text was made of a masked Secret, as f-strings and `str` make it."""
    return MASK in text


class Secret:
    """
    Holds a secret text so that it cannot be shown, formatted or pickled by accident.

    `repr`, `str` and f-strings return a mask, pickling and `+` raise TypeError, also by other
    serializers, and `attrs.asdict` keeps the object. `reveal()` is the only way to the text, so a
    search finds every use of it: `f"Bearer {token.access_token.reveal()}"`.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = type(value).__name__
            del value  # a traceback that shows locals must not show it
            problem = FieldError("value", "wrong format", kind, "must be a str")
            raise ValidationError(field_errors=[problem])
        self._value = value

    @classmethod
    def of(cls, value: "str | Secret") -> "Secret":
        """Wrap a text; return a Secret unchanged."""
        return value if isinstance(value, Secret) else cls(value)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"),
            other._value.encode("utf-8", "surrogatepass"),
        )

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __add__(self, other: object) -> NoReturn:
        del other  # it may be a secret, too
        raise TypeError(_NO_SUM)

    def __radd__(self, other: object) -> NoReturn:
        del other
        raise TypeError(_NO_SUM)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(_NO_PICKLE)

    def __getstate__(self) -> NoReturn:
        # Other serializers, such as jsonpickle, ask for it.
        raise TypeError(_NO_PICKLE)


def not_pickled(model: type[T]) -> type[T]:
    """
    Have a frozen model with personal data refuse to be pickled; copies are the object itself.

    A session file, a task queue or a cache would hold a person in clear text, unnoticed.
    """
    way = "to_dict(reveal=True)" if hasattr(model, "to_dict") else "attrs.asdict()"
    msg = (
        f"{model.__name__} holds personal data and cannot be pickled: keep the ids that you need, "
        f"or use {way} and protect the result yourself"
    )

    def refuse(_: T) -> NoReturn:
        raise TypeError(msg)

    def same(self: T, _: object = None) -> T:
        return self

    doors = {"__reduce__": refuse, "__getstate__": refuse, "__copy__": same, "__deepcopy__": same}
    for name, function in doors.items():
        setattr(model, name, function)
    return model


def fingerprint(key: Secret, *parts: str) -> str:
    """
    Identify a set of credentials without revealing them: 16 hex digits, keyed by the secret.

    Processes with the same credentials compute the same fingerprint. Without the secret it can
    neither be computed nor be checked against a guess of the other parts.
    """
    # BLAKE2 takes keys of at most 64 bytes, client secrets may have 100 characters (spec 2.1).
    digest_key = hashlib.blake2b(key.reveal().encode(), digest_size=32).digest()
    text = "\0".join(parts).encode()
    return hashlib.blake2b(text, key=digest_key, digest_size=8, person=b"flexiti-cred").hexdigest()
