"""Strategies for expressions of a kind: well typed nearly always, with values at the edges."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from gatewright.engine.values import INT_MAX, INT_MIN, UINT_MAX, Duration, Timestamp, Uint, Value
from tests.differential.operations import CORE, EXTENSIONS, SCALARS, Operation
from tests.differential.trees import Tree, leaf, listing, literal, mapping

Names = tuple[tuple[str, str], ...]
"""The names of macros around an expression, with their kinds."""

_NUMBERS = ("int", "uint", "double")
_FAMILIES_OF_KINDS = {"T": SCALARS, "U": SCALARS, "O": SCALARS, "N": _NUMBERS, "I": _NUMBERS[:2]}
_TEXTS = (
    "", "a", "b", "ab", "aba", "Ab", " a\t", "\u00a0b\u2003", "ä", "a\u0308", "ß", "İ", "日本", "😀",
    "a😀b", "\x00", "1", "-1", "true", "{}", "%s", '"', "\\", "\n", "a,b,,c",
)  # fmt: skip
_FLOATS = (
    0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, 0.1, 1e-7, 1e15, 1e16, 123456.789, 1e21, 1e22, 2.0**53,
    2.0**63, -(2.0**63), 2.0**64, 9223372036854774784.0, 1e308, 5e-324, 0.49999999999999994,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
_SECONDS = 10**9
_INSTANTS = (
    Timestamp.MIN_NANOS, -1, 0, 1, 951_782_400 * _SECONDS, 1_767_225_600 * _SECONDS + 123_456_789,
    1_774_746_000 * _SECONDS + 5 * 10**8, Timestamp.MAX_NANOS,
)  # fmt: skip
_SPANS = (
    0, 1, -1, 1_000, 10**6, -1_500_000_000, 90 * 60 * _SECONDS, -86_400 * _SECONDS, 2**62,
    INT_MAX, INT_MIN + 1,
)  # fmt: skip
_INTEGERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    -7,
    63,
    64,
    65,
    100,
    2**31,
    2**53 + 1,
    INT_MAX,
    INT_MIN,
    INT_MIN + 1,
)
_UNSIGNED = (0, 1, 2, 7, 63, 64, 2**32, 2**53 + 1, INT_MAX, 2**63, UINT_MAX)


def _values(kind: str) -> Iterable[Value]:
    match kind:
        case "bool":
            return (True, False)
        case "int":
            return _INTEGERS
        case "uint":
            return map(Uint, _UNSIGNED)
        case "double":
            return _FLOATS
        case "bytes":
            return (b"", b"a", b"\xff", "ä".encode(), b"\x00b")
        case "timestamp":
            return map(Timestamp, _INSTANTS)
        case "duration":
            return map(Duration, _SPANS)
        case _:
            return _WORDS.get(kind, _TEXTS)


# Texts of a sort, for the functions that read them.
_WORDS: dict[str, tuple[str, ...]] = {
    "digits": (
        "0", "1", "-1", "+1", "007", "1.5", " 1", "1 ", "", "1e3", ".5", "5.", "0x10", "1_000", "NaN",
        "inf", "-Infinity", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "1e400", "\u0661",
    ),
    "pattern": ("", "a", "^a", "b$", ".", "a.b", "(", "[a-z]+", "\\d", "(?i)AB", "\\pL", "a{2}", "a*?"),
    "zone": ("UTC", "Europe/Berlin", "America/St_Johns", "+02:00", "-02:30", "02:00", "", "nowhere"),
    "instant": (
        "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z", "2026-12-31T23:59:59+14:00",
        "2024-02-29T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01t00:00:00z", "2026-01-01 00:00:00Z", "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z", "",
    ),
    "span": (
        "0", "0s", "1s", "-1s", "+1s", "1.5h", "1h30m", "1h-30m", "300ms", "1us", "1ns", "0.1ns", "1d", "1",
        "", "s", ".5s", "5.s", "-", "1e3s", "2562047h", "2562048h", "9223372036.854775807s",
    ),
    "template": ("%s", "%d", "%f", "%.2f", "%e", "%x", "%X", "%o", "%b", "%%", "a%sb", "%s %d", "%", "%q"),
    "base64": ("", "YQ==", "YQ", "YWI=", "/+8=", "_-8=", "*", "YQ=", "Y Q=="),
}  # fmt: skip


@st.composite
def expressions(
    draw: st.DrawFn, kind: str, names: Names = (), depth: int = 3, *, extended: bool = False
) -> Tree:
    """Generate an expression of a kind.

    With `extended` the extensions are used, and now and then a part is of a wrong kind.
    """
    if extended and not draw(st.integers(0, 24)):
        kind = draw(st.sampled_from(SCALARS))
    here = [leaf(name) for name, of in names if of == kind]
    if len(here) > 0 and draw(st.booleans()):
        return draw(st.sampled_from(here))
    operations = _giving(kind, extended) if depth else []
    if not operations or not draw(st.integers(0, 3)):
        return draw(_literals(kind, names, depth, extended))
    operation, bound = draw(st.sampled_from(operations))
    return draw(_applied(operation, bound, names, depth, extended))


def _giving(kind: str, extended: bool) -> list[tuple[Operation, dict[str, str]]]:
    """Return the operations that can give a kind, with what their letters then stand for."""
    found: list[tuple[Operation, dict[str, str]]] = []
    for operation in (*CORE, *EXTENSIONS) if extended else CORE:
        gives = operation.gives
        if gives == kind:
            found.append((operation, {}))
        elif kind in _FAMILIES_OF_KINDS.get(gives, ()):
            found.append((operation, {gives: kind}))
        elif gives == "list<T>" and kind.startswith("list<"):
            found.append((operation, {"T": _element(kind)}))
    return found


@st.composite
def _applied(
    draw: st.DrawFn,
    operation: Operation,
    bound: dict[str, str],
    names: Names,
    depth: int,
    extended: bool,
) -> Tree:
    """Apply an operation: choose what is free in its kinds, then make its parts."""
    bound = dict(bound)
    for letter, choices in _FAMILIES_OF_KINDS.items():
        bound.setdefault(letter, draw(st.sampled_from(choices)))
    variable = f"x{len(names)}" if operation.variable else None
    kinds = [_put(kind, bound) for kind in operation.takes]
    parts: list[Tree] = []
    for kind in kinds:
        inside = names
        if variable is not None and parts:
            inside = (*names, (variable, _element(kinds[0])))
        parts.append(draw(expressions(kind, inside, depth - 1, extended=extended)))
    template = operation.template.replace("$", variable or "")
    return Tree(template, tuple(parts), variable)


def _put(kind: str, bound: dict[str, str]) -> str:
    """Put kinds for letters: `list<T>` becomes `list<int>`."""
    outer, opening, inner = kind.partition("<")
    if not opening:
        return bound.get(kind, kind)
    first, comma, last = inner.removesuffix(">").rpartition(", ")
    return f"{outer}<{first}{comma}{bound.get(last, last)}>"


def _element(kind: str) -> str:
    """Return the kind of what a macro over such a container gives."""
    return "string" if kind.startswith("map") else kind.removeprefix("list<").removesuffix(">")


@st.composite
def _literals(draw: st.DrawFn, kind: str, names: Names, depth: int, extended: bool) -> Tree:
    if "<" not in kind:
        return literal(draw(st.sampled_from(list(_values(kind)))))
    size = draw(st.integers(0, 3))
    inner = kind.rpartition("<")[2].removesuffix(">").rpartition(", ")[2]
    one = expressions(inner, names, max(depth - 2, 0), extended=extended)
    items = tuple(draw(one) for _ in range(size))
    if kind.startswith("list"):
        return listing(items)
    keys = draw(st.permutations(["a", "b", "ä", "ab"]))
    return mapping(tuple(zip(map(literal, keys), items, strict=False)))
