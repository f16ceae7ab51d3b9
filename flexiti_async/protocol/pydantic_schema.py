"""
What pydantic asks a model for: how to read and write it, and where in the input a problem is.

Imported when pydantic asks, so that it is no dependency.
"""

import re
from typing import Final, TypeVar

from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema
from pydantic_core import ValidationError as PydanticError

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.model import Model, attributes_of
from flexiti_async.protocol.validation import param_of

__all__ = ["core_schema_of"]

M = TypeVar("M", bound=Model)
_STEP: Final = re.compile(r"[^.\[\]]+")


def core_schema_of(model: type[M]) -> core_schema.CoreSchema:
    """Return the core schema: `from_dict` reads, `to_dict` writes, objects are accepted."""

    def read(value: object) -> M:
        if isinstance(value, model):
            return value
        try:
            return model.from_dict(value)  # type: ignore[arg-type] # anything but an object is reported
        except ValidationError as error:
            problems = error.field_errors
        del value  # a traceback that shows locals must not show it
        details = [_detail(model, problem) for problem in problems]
        raise PydanticError.from_exception_data(model.__name__, details, hide_input=True)

    return core_schema.no_info_plain_validator_function(
        read, serialization=core_schema.plain_serializer_function_ser_schema(model.to_dict)
    )


def _detail(model: type[Model], problem: FieldError) -> InitErrorDetails:
    """Describe a problem without the value, at its place in the input."""
    names = {param_of(attribute): attribute.name for attribute in attributes_of(model)}
    found = names.get(problem.param)
    path = [found] if found else [step for step in _STEP.findall(problem.param) if step != "$"]
    hint = f": {problem.hint}" if problem.hint else ""
    return InitErrorDetails(
        # Not a literal, but without a context nothing in it is replaced.
        type=PydanticCustomError("flexiti", f"{problem.msg}{hint}"),  # pyright: ignore[reportArgumentType]
        loc=tuple(int(step) if step.isdigit() else step for step in path),
        input=problem.value,
    )
