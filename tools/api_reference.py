"""
The public names of the library in Markdown that reads well without a build.

A page of the reference has a pair of comments where the description of a name belongs. The text
between them is generated from the source, and everything else on the page is written by hand:

    <!-- api: flexiti_async.FlexitiSession -->
    <!-- /api -->

Words after the name change what is generated: `level=3` is the level of its heading (2 by default),
`text` leaves its heading out, `only` its members, `inherited` includes inherited members, and
`path` writes its whole path in the heading.
"""

import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import griffe
from spec_links import linked

__all__ = ["filled"]

ROOT: Final = Path(__file__).parent.parent
WIDTH: Final = 88
_BLOCK: Final = re.compile(
    r"^(<!-- api: (\S+)((?: [\w=]+)*) -->\n).*?^(<!-- /api -->)$", re.MULTILINE | re.DOTALL
)
_MARKS: Final = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
_PLAIN: Final = re.compile(r"[A-Z]\w+\.\w+|[\d.]+|True|False|'.*'")
"""A default that is worth showing: a member of an enum, a number, a text."""
_ENTRY: Final = re.compile(r"^(\w+): (.*(?:\n[ ]+.*)*)", re.MULTILINE)


def filled(page: str) -> str:
    """Return a page with the text between its comments generated anew."""

    def generated(block: re.Match[str]) -> str:
        words = block[3].split()
        level = next((int(word[6:]) for word in words if word.startswith("level=")), 2)
        text = "\n".join(_described(_found(block[2]), block[2], level, frozenset(words)))
        return f"{block[1]}\n{linked(text)}\n{block[4]}"

    return _BLOCK.sub(generated, page)


@functools.cache
def _package(name: str) -> griffe.Object | griffe.Alias:
    return griffe.load(
        name, search_paths=[ROOT, ROOT / "stores"], docstring_parser="google", resolve_aliases=True
    )


def _found(path: str) -> griffe.Object:
    """Find an object by its public path; names that are imported on first use are in `_public`."""
    package, *names = path.split(".")
    found = _package(package)
    for name in names:
        if name not in found.members and "_public" in found.members:
            found = found.members["_public"]
        found = found.members[name]
    return found.final_target if isinstance(found, griffe.Alias) else found


def _described(
    found: griffe.Object, path: str, level: int, words: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Yield the lines that describe an object and its members."""
    if "text" not in words:
        yield f'<a id="{path}"></a>'
        yield ""
        yield f"{'#' * level} {_title(found, path, whole='path' in words)}"
        yield ""
    yield from _signature(found)
    yield from _docstring(found)
    if "only" in words or not isinstance(found, griffe.Module | griffe.Class):
        return
    if _is_enum(found):
        yield from _values(found)
    below = level if "text" in words else level + 1
    for name, member in _members(found, inherited="inherited" in words):
        yield from _described(member, f"{path}.{name}", min(below, 6))


def _title(found: griffe.Object, path: str, *, whole: bool) -> str:
    name = path if whole else path.rpartition(".")[2]
    is_call = isinstance(found, griffe.Function) and "property" not in found.labels
    return f"`{name}{'()' if is_call else ''}`"


def _members(
    found: griffe.Module | griffe.Class, *, inherited: bool
) -> Iterator[tuple[str, griffe.Object]]:
    """Yield the documented public members that have a heading of their own."""
    listed = {**(found.inherited_members if inherited else {}), **found.members}
    if isinstance(found, griffe.Module) and found.exports:
        order = {str(name): number for number, name in enumerate(found.exports)}
        own = all(not listed[name].is_alias for name in order if name in listed)
        names = [name for name in listed if name in order]
        listed = {name: listed[name] for name in (names if own else order) if name in listed}
    elif isinstance(found, griffe.Module):
        listed = {name: member for name, member in listed.items() if not member.is_alias}
    for name, member in listed.items():
        target = member.final_target if isinstance(member, griffe.Alias) else member
        hidden = name.startswith("_") and name != "__call__"
        in_docstring = isinstance(found, griffe.Class) and isinstance(target, griffe.Attribute)
        if in_docstring and "property" not in target.labels:
            continue  # a field: it is among the attributes
        if not hidden and not name.startswith("test_") and target.docstring is not None:
            yield name, target


def _is_enum(found: griffe.Object) -> bool:
    return isinstance(found, griffe.Class) and "Enum" in "".join(map(str, found.bases))


def _values(found: griffe.Module | griffe.Class) -> Iterator[str]:
    for name, member in found.members.items():
        if isinstance(member, griffe.Attribute) and "property" not in member.labels:
            about = f": {_flat(member.docstring.value)}" if member.docstring else ""
            value = "" if member.value is None else _quoted(f" = {member.value}")
            yield f"- `{name}{value}`{about}"
    yield ""


# Signatures


def _signature(found: griffe.Object) -> Iterator[str]:
    """Yield a block with what is written to use it, wrapped to a narrow page."""
    match found:
        case griffe.Function():
            decorators = ["@classmethod"] if "classmethod" in found.labels else []
            head = f"{'async ' if 'async' in found.labels else ''}def {found.name}"
            lines = [*decorators, *_wrapped(head, _parameters(found), found.returns)]
        case griffe.Class():
            lines = _class_signature(found)
        case griffe.Attribute() if "property" in found.labels:
            lines = [f"{found.name}: {found.annotation}"]
        case griffe.Attribute():
            kind = f": {found.annotation}" if found.annotation is not None else ""
            value = str(found.value)
            lines = [f"{found.name}{kind}" + (f" = {value}" if len(value) < WIDTH else "")]
        case _:
            return
    yield from ["```py", *map(_quoted, lines), "```", ""]


def _class_signature(found: griffe.Class) -> list[str]:
    bases = [str(base) for base in found.bases if not str(base).startswith("_")]
    head = f"class {found.name}" + (f"({', '.join(bases)})" if bases else "")
    init = found.all_members.get("__init__")
    target = init.final_target if isinstance(init, griffe.Alias) else init
    if isinstance(target, griffe.Function):
        made = _wrapped(found.name, _parameters(target), None)
        return [head, "", *made] if bases else made
    return [head]


def _parameters(function: griffe.Function) -> list[str]:
    shown: list[str] = []
    kinds = griffe.ParameterKind
    before: griffe.ParameterKind | None = None
    for number, parameter in enumerate(function.parameters):
        if number == 0 and parameter.name in {"self", "cls"}:
            continue
        if parameter.kind is kinds.keyword_only and before not in {
            kinds.keyword_only,
            kinds.var_positional,
        }:
            shown.append("*")
        if before is kinds.positional_only and parameter.kind is not kinds.positional_only:
            shown.append("/")
        before = parameter.kind
        mark = "" if parameter.kind is None else _MARKS.get(parameter.kind, "")
        kind = f": {parameter.annotation}" if parameter.annotation is not None else ""
        default = "" if parameter.default is None or mark else f" = {parameter.default}"
        shown.append(f"{mark}{parameter.name}{kind}{default}")
    return shown


def _wrapped(head: str, parameters: list[str], returns: object) -> list[str]:
    """Write a signature on one line, or with a line for each parameter."""
    arrow = "" if returns is None else f" -> {returns}"
    line = f"{head}({', '.join(parameters)}){arrow}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{head}(", *(f"    {parameter}," for parameter in parameters), f"){arrow}"]


def _quoted(line: str) -> str:
    """Write texts in double quotes, as in the source; the formatter expects them."""
    return re.sub(r"'([^'\"\\]*)'", r'"\1"', line)


# Docstrings


def _docstring(found: griffe.Object) -> Iterator[str]:
    if found.docstring is None:
        return
    for section in found.docstring.parse("google", warnings=False):
        match section:
            case griffe.DocstringSectionText():
                yield section.value
            case griffe.DocstringSectionParameters():
                yield from _list("Parameters", [_entry(each) for each in section.value])
            case griffe.DocstringSectionAttributes():
                yield from _list("Attributes", [_attribute(each, found) for each in section.value])
            case griffe.DocstringSectionRaises():
                yield from _list("Raises", [_raised(each) for each in section.value])
            case griffe.DocstringSectionReturns():
                yield f"**Returns:** {' '.join(_flat(each.description) for each in section.value)}"
            case griffe.DocstringSectionAdmonition():
                entries = _ENTRY.findall(section.value.description)
                items = [f"`{name}`: {_flat(text)}" for name, text in entries]
                yield from _list(section.title or "", items)
            case _:
                sys.exit(f"{found.path}: cannot write its section {section.kind.value!r}")
        yield ""


def _list(title: str, items: list[str]) -> Iterator[str]:
    yield f"**{title}**"
    yield ""
    yield from (f"- {item}" for item in items)


def _entry(parameter: griffe.DocstringParameter) -> str:
    return f"`{parameter.name}`: {_flat(parameter.description)}"


def _raised(error: griffe.DocstringRaise) -> str:
    return f"`{error.annotation}`: {_flat(error.description)}"


def _attribute(attribute: griffe.DocstringAttribute, found: griffe.Object) -> str:
    """Describe a field with its type, and its default if that is short."""
    member = found.all_members.get(attribute.name)
    target = member.final_target if isinstance(member, griffe.Alias) else member
    kind = ""
    if isinstance(target, griffe.Attribute) and target.annotation is not None:
        annotation = re.sub(r"^(?:Final|ClassVar)(?:\[(.*)\])?$", r"\1", str(target.annotation))
        value = _default(target.value)
        parts = [f"`{annotation}`"] if annotation else []
        if _PLAIN.fullmatch(value):
            parts.append(f"by default `{_quoted(value)}`")
        kind = f" ({', '.join(parts)})" if parts else ""
    return f"`{attribute.name}`{kind}: {_flat(attribute.description)}"


def _default(value: griffe.Expr | str | None) -> str:
    """Return the default of a field: its value, or that of attrs' `field(default=…)`."""
    if not isinstance(value, griffe.ExprCall):
        return str(value)
    for argument in value.arguments:
        if isinstance(argument, griffe.ExprKeyword) and argument.name == "default":
            return str(argument.value)
    return ""


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
