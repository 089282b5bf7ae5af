"""Texts about characters, literals and syntax (GW01xx)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from gatewright.dsl import limits
from gatewright.dsl.combining_marks import MAX_WRITTEN
from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span

_SLIPS = {
    "\u201c": "quotes are written `\"`", "\u201d": "quotes are written `\"`",
    "\u201e": "quotes are written `\"`", "\u2018": "quotes are written `'`",
    "\u2019": "quotes are written `'`", "\u00ab": "quotes are written `\"`",
    "\u00bb": "quotes are written `\"`", "\u2013": "a minus is written `-`",
    "\u2014": "a minus is written `-`", "\u2212": "a minus is written `-`",
    "\u00d7": "times is written `*`", "\u00f7": "divided by is written `/`",
    "\u2264": "at most is written `<=`", "\u2265": "at least is written `>=`",
    "\u2260": "not equal is written `!=`", "\u2192": "an effect follows `=>`",
    "\u21d2": "an effect follows `=>`", "\u2026": "a range is written `..`",
    "\u20ac": "money is written with its code: `50 EUR`",
    "\u00a3": "money is written with its code: `50 GBP`",
}  # fmt: skip


def describe_character(char: str) -> str:
    """Name a character so that it can be told from one that looks like it.

    >>> describe_character(chr(0x430))
    'U+0430 CYRILLIC SMALL LETTER A'
    """
    name = unicodedata.name(char, "")
    if not name and unicodedata.category(char) == "Cc":
        name = "(a control character)"
    return f"U+{ord(char):04X} {name}".rstrip()


@message("GW0101", "unexpected text")
def unexpected(
    span: Span,
    found: str,
    expected: Sequence[str],
    hint: str | None,
    labels: tuple[Label, ...],
) -> Finding:
    what = f"unexpected {found}"
    if expected:
        *most, last = expected
        what += f", expected {', '.join(most)} or {last}" if most else f", expected {last}"
    return Finding(span, what, hint, labels)


@message("GW0102", "character that is not allowed")
def forbidden_character(span: Span, char: str) -> Finding:
    unseen = not char.isprintable()
    return Finding(
        span,
        f"the character {describe_character(char)} is not allowed here",
        help=_SLIPS.get(char)
        or ("a reader cannot see it: take it away" if unseen else None)
        or "names and operators are plain ASCII; other letters belong in strings and comments",
    )


@message("GW0103", "unterminated string")
def unterminated_string(span: Span, quote: str) -> Finding:
    if len(quote) == 3:
        return Finding(span, "this string never ends", help=f"close it with `{quote}`")
    return Finding(
        span,
        "this string does not end on its line",
        help=f"close it with `{quote}`, or write a string of several lines in `{quote * 3}`",
    )


@message("GW0104", "bad escape in a string")
def bad_escape(span: Span, escape: str) -> Finding:
    return Finding(
        span,
        f"`{escape}` is not an escape sequence",
        help='a backslash is written `\\\\`; a raw string, `r"..."`, has no escapes',
    )


@message("GW0105", "number out of range")
def number_out_of_range(span: Span, kind: str) -> Finding:
    return Finding(span, f"this number does not fit into {kind}", help="write a smaller one")


@message("GW0106", "number with too many digits")
def too_many_digits(span: Span) -> Finding:
    return Finding(
        span,
        f"a number may have at most {limits.MAX_DIGITS} digits",
        help="round it to what counts",
    )


@message("GW0107", "bad timestamp")
def bad_timestamp(span: Span) -> Finding:
    return Finding(
        span,
        "this is not a date or time of the calendar",
        help="write it as `2026-12-02T00:00:00Z`, in years 0001 to 9999",
    )


@message("GW0108", "bad placeholder in a because text")
def bad_placeholder(span: Span, why: str) -> Finding:
    return Finding(
        span,
        f"in a `because` text, {why}",
        help="write `{expression}`, texts in it with single quotes; a brace itself is written `{{` "
        "or `}}`",
    )


_BESIDE = (
    "this is a document: data stands beside the policies as `data.yaml`, and is read with them"
)
_OTHER_FILES = {
    "yaml": _BESIDE,
    "yml": _BESIDE,
    "toml": "this is a configuration: the commands for runs take one with `--config`",
}


@message("GW0109", "missing package")
def missing_package(span: Span, *, is_path: bool) -> Finding:
    if is_path:
        return Finding(
            span,
            "a policy file begins with its package, and this is a path",
            help="`load` takes the paths of files, `load_source` what is in them",
        )
    if span.text[:1] in ("{", "["):
        return Finding(
            span,
            "a policy file begins with its package",
            help="this looks like JSON: an action is given with `--action`, and data stands beside "
            "the policies as `data.json`",
        )
    ending = span.source.name.rpartition(".")[2]
    if ending in _OTHER_FILES:
        return Finding(span, "a policy file begins with its package", help=_OTHER_FILES[ending])
    return Finding(
        span,
        "a policy file begins with its package",
        help="begin the file with a line such as `package billing.refunds`",
    )


@message("GW0110", "repeated part of a declaration")
def repeated_part(span: Span, what: str, first: Span) -> Finding:
    return Finding(
        span,
        f"{what} is given twice",
        help="keep one of them",
        labels=(Label(first, "first given here"),),
    )


@message("GW0111", "import after a declaration")
def late_import(span: Span) -> Finding:
    return Finding(
        span,
        "an import stands before the declarations of its file",
        help="move it up, below the line `package ...`",
    )


@message("GW0112", "too many combining marks")
def too_many_marks(span: Span) -> Finding:
    return Finding(
        span,
        f"in this string more than {MAX_WRITTEN} combining marks follow one another",
        help="no script needs so many: take them away",
    )
