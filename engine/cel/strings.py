"""The strings extension: charAt, indexOf, join, replace, split, substring, trim, quote, ...

Positions count code points. Whatever may grow is charged before it is built. Source: cel-go ext
README, "Strings".
"""

from __future__ import annotations

import string

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Value, a_kind

LIBRARY = Library()

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
# Unicode's White_Space; Python's own strip() takes four separators more.
_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
_QUOTED = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
        **{chr(code): "\ufffd" for code in range(0xD800, 0xE000)},
    }
)


@LIBRARY.member("charAt", "string", "int")
def char_at(text: str, index: int) -> str:
    _check_index(text, index)
    return text[index : index + 1]


@LIBRARY.member("indexOf", "string", "string")
def index_of(text: str, part: str) -> int:
    return text.find(part)


@LIBRARY.member("indexOf", "string", "string", "int")
def index_of_from(text: str, part: str, start: int) -> int:
    _check_index(text, start)
    return text.find(part, start)


@LIBRARY.member("lastIndexOf", "string", "string")
def last_index_of(text: str, part: str) -> int:
    return text.rfind(part)


@LIBRARY.member("lastIndexOf", "string", "string", "int")
def last_index_of_up_to(text: str, part: str, last: int) -> int:
    _check_index(text, last)
    return text.rfind(part, 0, last + len(part))


def _check_index(text: str, index: int) -> None:
    if not 0 <= index <= len(text):
        raise EvaluationError("invalid_argument", "the text has no such position")


@LIBRARY.member("substring", "string", "int")
def substring_from(text: str, start: int) -> str:
    _check_index(text, start)
    return text[start:]


@LIBRARY.member("substring", "string", "int", "int")
def substring(text: str, start: int, end: int) -> str:
    _check_index(text, start)
    _check_index(text, end)
    if start > end:
        raise EvaluationError("invalid_argument", "the range of the text is backwards")
    return text[start:end]


@LIBRARY.member("lowerAscii", "string")
def lower_ascii(text: str) -> str:
    return text.translate(_LOWER)


@LIBRARY.member("upperAscii", "string")
def upper_ascii(text: str) -> str:
    return text.translate(_UPPER)


@LIBRARY.member("trim", "string")
def trim(text: str) -> str:
    return text.strip(_SPACES)


@LIBRARY.member("reverse", "string")
def reverse(text: str) -> str:
    return text[::-1]


@LIBRARY.function("strings.quote", "string")
def quote(text: str) -> str:
    return f'"{text.translate(_QUOTED)}"'


@LIBRARY.member("join", "list", metered=True)
def join(budget: Budget, parts: tuple[Value, ...]) -> str:
    return join_with(budget, parts, "")


@LIBRARY.member("join", "list", "string", metered=True)
def join_with(budget: Budget, parts: tuple[Value, ...], separator: str) -> str:
    budget.charge(len(parts))
    texts: list[str] = []
    for part in parts:
        if not isinstance(part, str):
            raise EvaluationError("type_mismatch", f"`join` needs strings, not {a_kind(part)}")
        texts.append(part)
    budget.charge_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


@LIBRARY.member("replace", "string", "string", "string", metered=True)
def replace(budget: Budget, text: str, old: str, new: str) -> str:
    return replace_some(budget, text, old, new, -1)


@LIBRARY.member("replace", "string", "string", "string", "int", metered=True)
def replace_some(budget: Budget, text: str, old: str, new: str, limit: int) -> str:
    found = text.count(old)
    times = found if limit < 0 else min(found, limit)
    budget.charge_text(len(text) + times * len(new))
    return text.replace(old, new, times)


@LIBRARY.member("split", "string", "string", metered=True)
def split(budget: Budget, text: str, separator: str) -> tuple[str, ...]:
    return split_some(budget, text, separator, -1)


@LIBRARY.member("split", "string", "string", "int", metered=True)
def split_some(budget: Budget, text: str, separator: str, limit: int) -> tuple[str, ...]:
    if limit == 0:
        return ()
    pieces = len(text) if not separator else text.count(separator) + 1
    pieces = pieces if limit < 0 else min(pieces, limit)
    budget.charge(pieces)
    if not separator:
        whole = tuple(text[: pieces - 1])
        return (*whole, text[pieces - 1 :]) if text else ()
    return tuple(text.split(separator, pieces - 1))
