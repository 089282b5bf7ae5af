"""Texts about types and expressions (GW03xx)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, message, nearest
from gatewright.dsl.source import Span

_MAX_FORMS = 3


def _type(kind: t.Type) -> str:
    """Write a type for a message: `string`, or what it is in plain words."""
    match kind:
        case t.HistoryType():
            return "a history"
        case t.CalendarType():
            return "a calendar"
        case t.ChangesType():
            return "the changes"
        case t.RecordType(name):
            return name if "`" in name else f"`{name}`"
        case _:
            return f"`{kind}`"


def _listed(names: Iterable[str], word: str = "or") -> str:
    """Write names as a list: `a`, `b` or `c`."""
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} {word} {last}" if most else last


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _one_type(kinds: Sequence[t.Type]) -> str | None:
    """Say how two values of different types come together; None for one value."""
    if len(kinds) < 2:
        return None
    if t.DURATION in kinds and t.TIMESTAMP in kinds:
        return "how long ago an instant was is `now - x`, a duration"
    if t.BOOL in kinds and any(isinstance(kind, t.StringType) for kind in kinds):
        return "`true` and `false` have no quotes"
    if any(isinstance(kind, t.StringType) for kind in kinds):
        return "give both sides one type: `int(x)` reads a number in a text, `string(x)` writes one"
    return "give both sides one type"


# --- names, fields, functions -------------------------------------------------------------------


_WORDS_OF_OTHERS = {
    "default": "in `cases`, the last row begins with `else`",
    "otherwise": "in `cases`, the last row begins with `else`",
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `null`",
    "nil": "write `null`",
    "today": "the time of the decision is `now`",
    "params": "the fields of an action are read as `action.amount`",
    "args": "the fields of an action are read as `action.amount`",
    "user": "who proposes the action is `agent`",
}


@message("GW0301", "unknown name")
def unknown_name(span: Span, name: str, known: Iterable[str], hint: str | None) -> Finding:
    return Finding(
        span,
        f"nothing is named `{name}` here",
        help=hint
        or _WORDS_OF_OTHERS.get(name)
        or nearest(name, known)
        or _declaration_of(span, name)
        or f'a text is written in quotes: `"{_dashed(span, name)}"`',
    )


_PEOPLE = re.compile(r"\b(?:(?:one|all|[0-9]+) of|exclude)\b[^{}()\"]*\Z")
_ASKED_ACTION = re.compile(r"((?:\.\w{1,100}){1,8})\.(count|sum|last|distinct)\(")
_IN_PACKAGE = re.compile(r"\.\w+\)")
_DASHED = re.compile(r"(?:-[A-Za-z]\w{0,100}){0,8}")
_DASHED_BEFORE = re.compile(r"(?:\b[A-Za-z]\w*-)+\Z")
_ASKED = re.compile(r"\.(?:count|sum|last|distinct)\(")


def _dashed(span: Span, name: str) -> str:
    """Return a name with what dashes join to it: `support-leads`."""
    text = span.source.text
    first = _DASHED_BEFORE.search(text, max(0, span.start - 80), span.start)
    rest = _DASHED.match(text, span.end)
    return (first.group() if first else "") + name + (rest.group() if rest else "")


def _declaration_of(span: Span, name: str) -> str | None:
    """Say how a history or a calendar is declared, or people are named, where a name stands so."""
    text = span.source.text
    if _ASKED.match(text, span.end):
        return f"declare it: `history {name} = billing.refund`"
    asked = _ASKED_ACTION.match(text, span.end)
    if asked:
        return (
            f"declare `history past = {name}{asked.group(1)}`, and ask `past.{asked.group(2)}(...)`"
        )
    before = text[max(0, span.start - 7) : span.start]
    if before == "now.in(" and _IN_PACKAGE.match(text, span.end):
        return f"import the package of the calendar: `import <package> as {name}`"
    if before == "now.in(" or before == "now in ":
        return f"declare it with `calendar {name} {{ ... }}`, and ask `now.in({name})`"
    if _PEOPLE.search(text, max(0, span.start - 80), span.start):
        return f'people are named by `group("{name}")`, `role("{name}")` or `user("{name}")`'
    return None


@message("GW0302", "unknown field")
def unknown_field(
    span: Span, what: str, name: str, known: Sequence[str], hint: str | None, label: str
) -> Finding:
    fields = f"the fields are {_listed(known, 'and')}" if 0 < len(known) <= 12 else None
    if what == "data" and not known:
        fields = "no data is loaded: a `data.json` beside the policies gives it"
    if what == "action" and name == "params":
        fields = "the parameters are fields of `action` itself: `action.amount`"
    return Finding(
        span,
        f"`{what}` has no field `{name}`{label}",
        help=hint or nearest(name, known) or fields or f"declare it: `{name}: string`",
    )


@message("GW0303", "unknown function")
def unknown_function(span: Span, name: str, known: Iterable[str], hint: str | None) -> Finding:
    return Finding(
        span,
        f"there is no function `{name}`",
        help=hint
        or nearest(name, known)
        or "there are those of CEL: `x.size()`, `x.contains(y)`, `x.startsWith(y)` and more",
    )


@message("GW0304", "arguments that a function does not take")
def bad_arguments(span: Span, name: str, given: Sequence[t.Type], forms: Sequence[str]) -> Finding:
    shown = [f"`{form}`" for form in forms[:_MAX_FORMS]]
    more = f" and {len(forms) - _MAX_FORMS} more" if len(forms) > _MAX_FORMS else ""
    kinds = " and ".join(_type(kind) for kind in given) if given else "no arguments"
    help = f"it is {', '.join(shown)}{more}"
    if name == "contains" and given and isinstance(given[0], t.ListType):
        help = "whether a list has a value is asked by `value in list`"
    return Finding(span, f"`{name}` does not take {kinds}", help=help)


@message("GW0305", "operands that an operator does not take")
def bad_operands(
    span: Span, operator: str, given: Sequence[t.Type], help: str | None, labels: tuple[Label, ...]
) -> Finding:
    kinds = " and ".join(_type(kind) for kind in given)
    return Finding(span, f"`{operator}` does not take {kinds}", help or _one_type(given), labels)


@message("GW0306", "values that cannot be compared")
def incomparable(
    span: Span, a: t.Type, b: t.Type, help: str | None, labels: tuple[Label, ...]
) -> Finding:
    compared = f"{_type(a)} cannot be compared with {_type(b)}"
    if help is None and isinstance(a, t.ListType) != isinstance(b, t.ListType):
        help = "whether a list has a value is asked by `value in list`"
    return Finding(span, compared, help or _one_type((a, b)), labels)


_ONE_OF_THESE = "write one of the values that its type lists"


@message("GW0307", "not a value of the enum")
def not_in_enum(span: Span, text: str, values: Sequence[str], what: str) -> Finding:
    listed = f"the values are {_listed(values, 'and')}" if len(values) <= 12 else _ONE_OF_THESE
    return Finding(span, f"`{text}` is not {what}", help=nearest(text, values) or listed)


# --- exact numbers ------------------------------------------------------------------------------


@message("GW0308", "two currencies")
def two_currencies(span: Span, a: str, b: str, labels: tuple[Label, ...]) -> Finding:
    return Finding(
        span,
        f"`{a}` and `{b}` are different currencies",
        help="convert one of them outside of the policy, or write a rule for each currency",
        labels=labels,
    )


@message("GW0309", "decimal with a double")
def decimal_with_double(span: Span, kind: t.Type, labels: tuple[Label, ...]) -> Finding:
    return Finding(
        span,
        f"{_type(kind)} is exact and a `double` is not",
        help='write the number right here as a literal, or make it exact: `decimal("1.50")`',
        labels=labels,
    )


@message("GW0310", "money with a plain number")
def money_with_number(
    span: Span, money: t.Type, suggestion: str | None, labels: tuple[Label, ...]
) -> Finding:
    return Finding(
        span,
        f"{_type(money)} and a plain number do not go together",
        help=f"write the currency: `{suggestion or '50 USD'}`",
        labels=labels,
    )


# --- expectations -------------------------------------------------------------------------------


@message("GW0311", "wrong type")
def wrong_type(span: Span, what: str, expected: t.Type, given: t.Type, help: str | None) -> Finding:
    if help is None and expected == t.BOOL:
        help = "write what is true or false, such as `x == y` or `x in y`"
    return Finding(span, f"{what} is {_type(expected)}, and this is {_type(given)}", help=help)


def ask_first(test: str, in_text: bool) -> str:
    """Say how to ask whether a field is there: in a condition, or in a text's placeholder."""
    if in_text:
        return f"write `{{{test.replace(chr(34), chr(39))} ? ... : 'none'}}`"
    return f"write `{test} && ...` before it"


@message("GW0312", "may be absent")
def may_be_absent(
    span: Span, what: str, ask: str, label: str, labels: tuple[Label, ...]
) -> Finding:
    return Finding(
        span,
        f"`{what}` may be absent{label}",
        help=ask,
        labels=labels,
    )


@message("GW0313", "named argument")
def named_argument(span: Span, name: str, function: str) -> Finding:
    return Finding(
        span,
        f"`{function}` takes no named arguments",
        help=f"leave out `{name}:`; only histories and `agreement` have named arguments",
    )


@message("GW0314", "has without a field")
def has_without_field(span: Span) -> Finding:
    return Finding(
        span,
        "`has` asks for a field that is written with a dot",
        help="write it as `has(action.reason)`",
    )


@message("GW0315", "macro written wrongly")
def bad_macro(span: Span, name: str, why: str, form: str) -> Finding:
    return Finding(span, f"`{name}` {why}", help=f"write it as `{form}`")


@message("GW0316", "not a list or map")
def not_iterable(span: Span, name: str, given: t.Type, wanted: str, help: str | None) -> Finding:
    return Finding(span, f"`{name}` needs {wanted}, and this is {_type(given)}", help=help)


@message("GW0317", "pattern that is not a literal")
def pattern_not_literal(span: Span, function: str) -> Finding:
    return Finding(
        span,
        f"the pattern of `{function}` is not a literal",
        help="write the pattern here in quotes, or as a `let` in quotes",
    )


@message("GW0318", "bad pattern")
def bad_pattern(span: Span, why: str, labels: tuple[Label, ...]) -> Finding:
    return Finding(
        span,
        f"this pattern is not a regular expression: {why}",
        help='patterns have RE2 syntax; a raw string such as r"\\d+" keeps its backslashes',
        labels=labels,
    )


@message("GW0319", "business days in an expression")
def business_days(span: Span, text: str) -> Finding:
    return Finding(
        span,
        f"business days such as `{text}` are only for the times of a route",
        help="write elapsed time such as `24h`, or ask a calendar: `now.in(office)`",
    )


# --- histories, changes, agreement --------------------------------------------------------------


@message("GW0320", "bad use of a history")
def bad_history_use(span: Span, name: str, known: Iterable[str], hint: str | None) -> Finding:
    return Finding(
        span,
        f"a history has no `{name}`",
        help=hint or nearest(name, known) or f"ask it with {_listed(known)}",
    )


@message("GW0321", "unknown key of a history")
def unknown_key(span: Span, history: str, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"the history `{history}` has no key `{name}`",
        help=nearest(name, known) or f"the keys are {_listed(known, 'and')}, and `within`",
    )


@message("GW0322", "window of a history")
def bad_window(span: Span, why: str) -> Finding:
    return Finding(span, why, help="give a length of time, such as `within: 30d`")


@message("GW0323", "field of a history")
def bad_history_field(span: Span, why: str, help: str | None) -> Finding:
    return Finding(span, why, help=help)


@message("GW0324", "argument given twice")
def argument_twice(span: Span, name: str, first: Span) -> Finding:
    return Finding(
        span,
        f"`{name}` is given twice",
        help="take one of them away",
        labels=(Label(first, "first given here"),),
    )


@message("GW0325", "field of changes that is not a literal")
def change_not_literal(span: Span, form: str, *, listed: bool = False) -> Finding:
    if listed:
        return Finding(span, "the changed fields are no list", help=f"write one: `{form}`")
    return Finding(
        span,
        "the name of a changed field is not a literal",
        help=f"write it in quotes: `{form}`",
    )


@message("GW0326", "bad use of changes")
def bad_changes_use(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"`changes` has no `{name}(...)`",
        help=nearest(name, known) or f"ask it with {_listed(known)}",
    )


@message("GW0327", "agreement without a rule")
def agreement_without_rule(span: Span) -> Finding:
    return Finding(
        span,
        "`agreement` asks about one rule or guard, by its name",
        help="write it as `agreement(large_refunds, within: 90d)`",
    )


# --- the rest -----------------------------------------------------------------------------------


@message("GW0328", "branches of different types")
def branches_differ(span: Span, a: t.Type, b: t.Type, labels: tuple[Label, ...]) -> Finding:
    return Finding(
        span,
        f"one branch is {_type(a)} and the other is {_type(b)}",
        help="make both of one type",
        labels=labels,
    )


@message("GW0329", "bad key or index")
def bad_index(span: Span, what: str, given: t.Type) -> Finding:
    return Finding(
        span,
        f"{what}, and this is {_type(given)}",
        help="elements are read from lists and maps, by a position or a key: `x[0]`, `x['key']`",
    )


@message("GW0330", "name that cannot be read here")
def unavailable(span: Span, name: str, why: str) -> Finding:
    return Finding(span, f"`{name}` cannot be read here: {why}", help=_INSTEAD.get(name))


_INSTEAD = {
    "requester": "a condition knows the agent: `agent.id`, `agent.owner`",
    "risk": "ask what it is made of, or ask `risk` in a rule or guard",
}


@message("GW0331", "no fields")
def no_fields(span: Span, given: t.Type, name: str, help: str | None) -> Finding:
    return Finding(
        span,
        f"{_type(given)} has no field `{name}`",
        help=help or "only records and maps have fields; other values have functions: `x.size()`",
    )


@message("GW0332", "key given twice")
def key_twice(span: Span, first: Span) -> Finding:
    return Finding(
        span,
        "this key is given twice in one map",
        help="take one of them away",
        labels=(Label(first, "first given here"),),
    )


@message("GW0333", "text too long for its field")
def text_too_long(span: Span, length: int, limit: int) -> Finding:
    return Finding(
        span,
        f"this text has {_plural(length, 'character')}, and its field takes at most {limit}",
        help="shorten the text, or let the field take more",
    )
