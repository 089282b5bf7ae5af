"""Where our interpreter and another one are known to differ, and why: the one list.

An entry is matched by an operation, the values of its parts and both answers, so that it excuses
nothing else. Each has an example; an entry whose example no longer differs fails the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gatewright.engine.values import INT_MAX, Duration, Timestamp, Uint, Value, kind_of, nfc
from tests.differential.comparing import Disagreement
from tests.differential.outcomes import Failed, Host, Outcome
from tests.differential.trees import Tree, leaf, literal


@dataclass(frozen=True, slots=True)
class Divergence:
    """One way in which a host differs from us."""

    host: Host
    reason: str
    example: Tree
    matches: Callable[[Disagreement], bool]


def explained(found: Disagreement) -> Divergence | None:
    """Return the entry that a disagreement belongs to."""
    for known in DIVERGENCES:
        if known.host == found.host and known.matches(found):
            return known
    return None


# --- what entries ask -----------------------------------------------------------------------------


def _kinds(found: Disagreement) -> tuple[str, ...]:
    return tuple("error" if isinstance(p, Failed) else kind_of(p) for p in found.parts)


def _only_ours_fails(found: Disagreement) -> bool:
    return isinstance(found.ours, Failed) and not isinstance(found.theirs, Failed)


def _only_theirs_fails(found: Disagreement) -> bool:
    return isinstance(found.theirs, Failed) and not isinstance(found.ours, Failed)


def _text_part(found: Disagreement, position: int = 0) -> str:
    part = found.parts[position] if position < len(found.parts) else None
    return part if isinstance(part, str) else ""


def _compares(found: Disagreement) -> bool:
    return re.fullmatch(r"\{\} (?:[<>]=?|[!=]=) \{\}", found.operation) is not None


def _inexactly_compared(found: Disagreement) -> bool:
    numbers = [part for part in found.parts if isinstance(part, int | float)]
    kinds = set(_kinds(found))
    mixed = "double" in kinds and len(kinds & {"int", "uint"}) == 1
    return _compares(found) and mixed and all(abs(number) > 2**53 for number in numbers)


def _is_not_normal(value: Outcome) -> bool:
    return isinstance(value, str) and nfc(value) != value


def _texts_of_one_double(found: Disagreement) -> bool:
    if found.operation != "string({})" or _kinds(found) != ("double",):
        return False
    ours, theirs = found.ours, found.theirs
    return isinstance(ours, str) and isinstance(theirs, str) and float(ours) == float(theirs)


def _texts_of_one_duration(found: Disagreement) -> bool:
    if found.operation != "string({})" or _kinds(found) != ("duration",):
        return False
    ours, theirs = found.ours, found.theirs
    texts = isinstance(ours, str) and isinstance(theirs, str)
    return texts and Duration.parse(str(ours)) == Duration.parse(str(theirs))


def _reads(pattern: str, *operations: str) -> Callable[[Disagreement], bool]:
    """Match where only the other side can read a text of some form."""

    def matches(found: Disagreement) -> bool:
        text = _text_part(found)
        read = found.operation in operations and re.fullmatch(pattern, text) is not None
        return read and _only_ours_fails(found)

    return matches


def _applied(template: str, *values: Value) -> Tree:
    return Tree(template, tuple(literal(value) for value in values))


def _formats(found: Disagreement, verb: str, kind: str) -> bool:
    """Match where a verb of `format` writes a part of some kind."""
    return ".format(" in found.operation and verb in _text_part(found) and kind in _kinds(found)[1:]


def _has_nan(found: Disagreement) -> bool:
    return any(part != part for part in found.parts)


def _is_local_time(found: Disagreement) -> bool:
    return re.fullmatch(r"\{\}\.get\w+\(\{\}\)", found.operation) is not None


def _at_the_ends_of_time(found: Disagreement) -> bool:
    day = 86_400 * 10**9
    at = found.parts[0]
    near = isinstance(at, Timestamp) and (
        at.nanos - day < Timestamp.MIN_NANOS or at.nanos + day > Timestamp.MAX_NANOS
    )
    return near and _is_local_time(found) and _only_ours_fails(found)


def _too_long_on_the_way(found: Disagreement) -> bool:
    overflows = (isinstance(p, Failed) and p.why == "overflow" for p in found.parts)
    return any(overflows) and _only_ours_fails(found)


def _cut_to_micros(found: Disagreement) -> bool:
    """Match where nanoseconds would have mattered."""
    moments = [part for part in found.parts if isinstance(part, Timestamp | Duration)]
    return any(moment.nanos % 1000 for moment in moments)


def _is_literal(found: Disagreement, kind: type[Timestamp] | type[Duration]) -> bool:
    return found.operation == "literal" and isinstance(found.ours, kind)


def _became_python(found: Disagreement) -> bool:
    """Match where a result of an operator is no value of CEL any more, but one of Python."""
    why = found.theirs.why if isinstance(found.theirs, Failed) else ""
    return _only_theirs_fails(found) and re.search(_PYTHON_VALUE, why) is not None


_PYTHON_VALUE = (
    r"'(?:str|bytes|float|datetime\.\w+)' object has no attribute|float division by zero"
    r"|argument type <class '(?:str|bytes|float|datetime\.\w+)'>"
)


def _index_from_the_end(found: Disagreement) -> bool:
    index = found.parts[-1] if found.operation == "{}[{}]" else 0
    return isinstance(index, int) and index < 0 and _only_ours_fails(found)


EXACT = (
    "int and double compare exactly, which CEL rounds first. Source: docs/language.md#expressions."
)
NORMALISED = "text is kept in Unicode normal form C. Source: docs/language.md#action."
STRICT_TEXT = "a text is read only where it is all of what is asked for: no spaces, no signs beyond"
NO_ZONE = "an empty time zone is a forgotten one: an error, where theirs is UTC."
DOUBLE_TEXT = "the spec leaves a double's text open: ours is the shortest that reads back."
DURATION_TEXT = "the spec leaves a duration's fraction open: ours has no zeros at its end, as Go's."
NAN_ORDER = "NaN has no place in an order: an error, where theirs depends on the arguments' order."
SPLIT_OF_NOTHING = "an empty text has no characters to split into, as in Go; theirs gives one text."

_GOOGLES: tuple[Divergence, ...] = (
    Divergence("cpp", EXACT, _applied("{} < {}", 2**63 - 1, 2.0**63), _inexactly_compared),
    Divergence(
        "cpp",
        NORMALISED,
        leaf('"a\u0308"'),
        lambda d: d.operation == "literal" and _is_not_normal(d.theirs),
    ),
    Divergence("cpp", DOUBLE_TEXT, _applied("string({})", 2.0**53), _texts_of_one_double),
    Divergence(
        "cpp",
        DURATION_TEXT,
        _applied("string({})", Duration(-1_500_000_000)),
        _texts_of_one_duration,
    ),
    Divergence(
        "cpp",
        DURATION_TEXT,
        _applied("{}.format([{}])", "%s", Duration(-1_500_000_000)),
        lambda d: _formats(d, "%s", "duration"),
    ),
    Divergence(
        "cpp", STRICT_TEXT, _applied("uint({})", "+1"), _reads(r"\s*\+?[0-9]+\s*", "uint({})")
    ),
    Divergence(
        "cpp", STRICT_TEXT, _applied("int({})", " 1"), _reads(r"\s*[-+]?[0-9]+\s*", "int({})")
    ),
    Divergence(
        "cpp",
        STRICT_TEXT,
        _applied("double({})", " 1"),
        _reads(r"\s*[-+]?[0-9.]+\s*", "double({})"),
    ),
    Divergence(
        "cpp",
        STRICT_TEXT,
        _applied("base64.decode({})", "Y Q=="),
        _reads(r"[\w+/= ]* [\w+/= ]*", "base64.decode({})"),
    ),
    Divergence(
        "cpp",
        "a leap second is no second of the clock, as in Go.",
        _applied("timestamp({})", "2026-01-01T00:00:60Z"),
        _reads(r".*:60Z", "timestamp({})"),
    ),
    Divergence(
        "cpp",
        "a text of a number that no double is near to is an error, as in Go; theirs is infinite.",
        _applied("double({})", "1e400"),
        _reads(r"1e400", "double({})"),
    ),
    Divergence(
        "cpp",
        NO_ZONE,
        _applied("{}.getHours({})", Timestamp(0), ""),
        lambda d: _is_local_time(d) and d.parts[-1] == "" and _only_ours_fails(d),
    ),
    Divergence(
        "cpp",
        "local time outside the years 1 to 9999 is an error.",
        _applied("{}.getDate({})", Timestamp(Timestamp.MIN_NANOS), "-02:30"),
        _at_the_ends_of_time,
    ),
    Divergence(
        "cpp",
        "a duration is 64 bits of nanoseconds, as in Go; theirs are read up to 10,000 years.",
        Tree("{}.getHours()", (_applied("duration({})", "2562048h"),)),
        _too_long_on_the_way,
    ),
    Divergence(
        "cpp",
        NAN_ORDER,
        _applied("math.greatest({}, {})", 1.0, float("nan")),
        lambda d: d.operation.startswith("math.") and _has_nan(d) and _only_ours_fails(d),
    ),
    Divergence(
        "cpp",
        SPLIT_OF_NOTHING,
        _applied("{}.split({})", "", ""),
        lambda d: ".split(" in d.operation and d.parts[:2] == ("", "") and d.ours == (),
    ),
    Divergence(
        "cpp",
        "a list index may be any whole number here, also after `?`.",
        _applied("{}[?{}].orValue({})", (1,), 0.0, 2),
        lambda d: (
            "[?{}]" in d.operation
            and _kinds(d)[:2] in {("list", "double"), ("list", "uint")}
            and _only_theirs_fails(d)
        ),
    ),
    Divergence(
        "cpp",
        "1970 began like any other year: its first instant is no zero value here.",
        _applied("optional.ofNonZeroValue({}).orValue({})", Timestamp(0), Timestamp(10**9)),
        lambda d: "ofNonZeroValue" in d.operation and d.parts[0] == Timestamp(0),
    ),
    Divergence(
        "cpp",
        "`%d` of a double is the text of the double; the spec has integers only.",
        _applied("{}.format([{}])", "%d", 0.1),
        lambda d: _formats(d, "%d", "double"),
    ),
    Divergence(
        "cpp",
        "`%f` writes whole numbers exactly, where theirs makes doubles of them.",
        _applied("{}.format([{}])", "%.2f", 2**63 - 1),
        lambda d: _formats(d, "f", "int") or _formats(d, "f", "uint"),
    ),
)

MICROSECONDS = "it keeps microseconds, we keep nanoseconds."
PYTHON_TEXT = "it writes a value as Python does, not as CEL does."
PYTHON_NUMBER = "it reads a number as Python does: with spaces, underscores, digits of all scripts."

_CEL_PYTHONS: tuple[Divergence, ...] = (
    Divergence(
        "python",
        "it compares no two kinds of numbers, and no two kinds of values at all.",
        _applied("{} < {}", 1, Uint(2)),
        lambda d: _compares(d) and len(set(_kinds(d))) == 2 and _only_theirs_fails(d),
    ),
    Divergence(
        "python",
        "it has no `map` with a condition.",
        Tree("{}.map(x0, {}, {})", (literal((1,)), leaf("true"), leaf("x0")), "x0"),
        lambda d: (
            re.fullmatch(r"\{\}\.map\(\w+, \{\}, \{\}\)", d.operation) is not None
            and _only_theirs_fails(d)
        ),
    ),
    Divergence(
        "python",
        NORMALISED,
        leaf('"a\u0308"'),
        lambda d: d.operation == "literal" and _is_not_normal(d.theirs),
    ),
    Divergence(
        "python",
        PYTHON_TEXT,
        _applied("string({})", True),
        lambda d: d.operation == "string({})" and _kinds(d) == ("bool",),
    ),
    Divergence("python", PYTHON_TEXT, _applied("string({})", 1.0), _texts_of_one_double),
    Divergence(
        "python",
        "the text of a duration has its whole seconds only.",
        _applied("string({})", Duration(-1_500_000_000)),
        lambda d: d.operation == "string({})" and _kinds(d) == ("duration",),
    ),
    Divergence(
        "python",
        "the text of an instant has its whole seconds only.",
        _applied("string({})", Timestamp(500_000_000)),
        lambda d: d.operation == "string({})" and _kinds(d) == ("timestamp",),
    ),
    Divergence(
        "python",
        "it makes no instant of a number of seconds.",
        _applied("timestamp({})", 1),
        lambda d: d.operation == "timestamp({})" and _kinds(d) == ("int",),
    ),
    Divergence(
        "python",
        MICROSECONDS,
        _applied("{} + {}", Timestamp(-1), Duration(1)),
        _cut_to_micros,
    ),
    Divergence(
        "python",
        MICROSECONDS + " So the longest durations are longer than ours.",
        literal(Duration(INT_MAX)),
        lambda d: _is_literal(d, Duration) and _only_theirs_fails(d),
    ),
    Divergence(
        "python",
        "a negative index counts from the end, as in Python.",
        _applied("{}[{}]", (1,), -1),
        _index_from_the_end,
    ),
    Divergence(
        "python",
        PYTHON_NUMBER,
        _applied("uint({})", "1_000"),
        _reads(r"\s*[-+]?[\d_]+\s*", "uint({})", "int({})"),
    ),
    Divergence(
        "python",
        PYTHON_NUMBER,
        _applied("double({})", "1 "),
        _reads(r"\s*[-+]?[\d_.e]+\s*", "double({})"),
    ),
    Divergence(
        "python",
        "what some operators give is of Python's own types, which have no methods.",
        Tree("{}.contains({})", (_applied("{} + {}", "a", "b"), literal("a"))),
        _became_python,
    ),
    Divergence(
        "python",
        "what some operators give is of Python's own types, which are unlike CEL's.",
        Tree("type({}) == type({})", (_applied("{} + {}", b"", b""), literal(b""))),
        lambda d: d.operation == "type({}) == type({})" and d.ours is True,
    ),
    Divergence(
        "python",
        "durations are as long as Python's.",
        Tree("{}.getHours()", (_applied("duration({})", "2562048h"),)),
        _too_long_on_the_way,
    ),
    Divergence(
        "python",
        "it reads an instant in many forms.",
        _applied("timestamp({})", "2026-01-01"),
        _reads(r"\d{4}-.*", "timestamp({})"),
    ),
    Divergence(
        "python",
        "it reads a duration of days, and other forms that Go's has not.",
        _applied("duration({})", "1d"),
        _reads(r"[-+\d.edhms]+", "duration({})"),
    ),
    Divergence(
        "python",
        "any text makes a bool.",
        _applied("bool({})", "7"),
        _reads(r"(?s).*", "bool({})"),
    ),
    Divergence(
        "python",
        "a duration of zero needs a unit.",
        _applied("duration({})", "0"),
        lambda d: d.operation == "duration({})" and d.parts[0] == "0",
    ),
    Divergence(
        "python",
        "whatever is divided by a zero is positive infinity.",
        _applied("{} / {}", -0.0, -0.0),
        lambda d: d.operation == "{} / {}" and d.parts[1] == 0.0 and d.theirs == float("inf"),
    ),
    Divergence(
        "python",
        "a negative fraction above -1 is zero, as an unsigned number.",
        _applied("uint({})", -0.5),
        lambda d: d.operation == "uint({})" and d.theirs == 0 and _only_ours_fails(d),
    ),
    Divergence(
        "python",
        "milliseconds of a duration are all of them, not those beside its seconds.",
        _applied("{}.getMilliseconds()", Duration(-1_500_000_000)),
        lambda d: d.operation == "{}.getMilliseconds()" and _kinds(d) == ("duration",),
    ),
)

DIVERGENCES: tuple[Divergence, ...] = _GOOGLES + _CEL_PYTHONS
