"""
Print the public surface that users may rely on: every public name with its signature.

`python tools/public_api.py > tests/project/public_api.txt` after an intended change; a test
compares. Read from the source, so it is the same on every Python.
"""

import sys
from collections.abc import Iterator
from typing import Final

import griffe

import flexiti_async
from flexiti_async import api, errors

INTEGRATIONS: Final = (
    *("aiohttp_web", "django", "fastapi", "litestar", "otel", "problems", "quart", "starlette"),
)

MODULES: Final = (
    "flexiti_async",
    "flexiti_async.api",
    "flexiti_async.errors",
    "flexiti_async.events",
    *(f"flexiti_async.integrations.{name}" for name in INTEGRATIONS),
    "flexiti_async.operations",
    "flexiti_async.resources",
    "flexiti_async.sandbox",
    "flexiti_async.sandbox.faults",
    "flexiti_async.store",
    "flexiti_async.testing",
    "flexiti_async.testing.plugin",
    "flexiti_stores.aiocache",
    "flexiti_stores.file",
    "flexiti_stores.memory",
    "flexiti_stores.postgres",
    "flexiti_stores.redis",
)
"""The public modules; all other names may change in any release."""

PUBLIC: Final = {
    *(*dir(flexiti_async), *dir(api), *dir(errors)),
    *("Settings", "StoreContract", "Event", "TokenEvent"),
}
SEEN: Final[set[str]] = set()


def describe(name: str, module: griffe.Object | griffe.Alias) -> Iterator[str]:
    """Describe a module: each of its public names, in order."""
    yield f"# {name}"
    if "_public" in module.members:  # its names are imported on first use
        names = module.members["_public"].members
        listed = sorted(name for name in names if not name.startswith("_"))
    else:
        names = module.members
        exported = sorted(str(item) for item in module.exports or ())
        own = [name for name, member in names.items() if name[0] != "_" and not member.is_alias]
        listed = [name for name in exported or own if name in names]
    for member in listed:
        yield from _member(member, names[member])
    yield ""


def _member(name: str, member: griffe.Object | griffe.Alias) -> Iterator[str]:
    found = member.final_target if isinstance(member, griffe.Alias) else member
    if not isinstance(found, griffe.Class):
        yield _line(name, found)
    elif found.canonical_path in SEEN:
        yield f"class {name}: see above"
    else:
        SEEN.add(found.canonical_path)
        bases = ", ".join(str(base) for base in found.bases)
        yield f"class {name}({bases})" if bases else f"class {name}"
        for inner, part in _members(found).items():
            public = inner == "__init__" or not inner.startswith("_")
            target = part.final_target if isinstance(part, griffe.Alias) else part
            if public:
                yield f"    {_line(inner, target)}"


def _members(found: griffe.Class) -> dict[str, griffe.Object | griffe.Alias]:
    """Return the members of a class, with those of parents that are not public."""
    hidden = {
        name: part
        for name, part in found.inherited_members.items()
        if (parent := part.final_target.parent) is not None and parent.name not in PUBLIC
    }
    return {**hidden, **{n: part for n, part in found.members.items() if not part.is_alias}}


def _line(name: str, found: griffe.Object) -> str:
    if isinstance(found, griffe.Function):
        kind = "async def" if "async" in found.labels else "def"
        labels = "".join(f"@{label} " for label in sorted(found.labels - {"async"}))
        returns = f" -> {found.returns}" if found.returns is not None else ""
        return f"{labels}{kind} {name}({', '.join(_parameters(found))}){returns}"
    if isinstance(found, griffe.Attribute):
        kind = f": {found.annotation}" if found.annotation is not None else ""
        # The value of a constant or an enum member is public, that of an attribute is not.
        word = found.parent is not None and (found.parent.is_module or _is_enum(found.parent))
        value = f" = {found.value}" if word and not kind else ""
        return f"{name}{kind}{value or (kind and _default(str(found.value)))}"
    return name


def _default(value: str) -> str:
    """Show that a field has a default; its value may be long, and is in the reference."""
    required = value == "None" or (
        value.startswith("field(") and "default=" not in value and "factory=" not in value
    )
    return "" if required else " = …"


def _is_enum(found: griffe.Object) -> bool:
    return isinstance(found, griffe.Class) and "Enum" in "".join(map(str, found.bases))


_marks: Final = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}


def _parameters(function: griffe.Function) -> Iterator[str]:
    before: griffe.ParameterKind | None = None
    keyword, star = griffe.ParameterKind.keyword_only, griffe.ParameterKind.var_positional
    for parameter in function.parameters:
        if parameter.kind is keyword and before not in {keyword, star}:
            yield "*"
        before = parameter.kind
        mark = _marks.get(parameter.kind, "") if parameter.kind is not None else ""
        kind = f": {parameter.annotation}" if parameter.annotation is not None else ""
        plain = parameter.default is None or mark
        yield f"{mark}{parameter.name}{kind}" + ("" if plain else f" = {parameter.default}")


if __name__ == "__main__":
    loader = griffe.GriffeLoader()
    for package in ("flexiti_async", "flexiti_stores"):
        loader.load(package)
    loader.resolve_aliases()
    for module in MODULES:
        for line in describe(module, loader.modules_collection[module]):
            sys.stdout.write(f"{line}".rstrip() + "\n")
