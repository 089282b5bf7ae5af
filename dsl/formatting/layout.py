"""Layout documents -> lines: which groups fit on a line, where comments go, aligned columns.

A document is built of tokens, optional line breaks and groups; a group stands on one line when it
fits and nothing in it needs a break of its own. Knows nothing of policies.

INVARIANT: the lines depend only on the document, never on how the text was laid out before, so
that formatting twice changes nothing.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from gatewright.dsl.records import dataclass, field
from gatewright.dsl.rendering.display import width

MAX_COLUMNS = 100
INDENT = 2
_WIDEST_ALIGNED = 60
_COMMENT_GAP = "  "

Blanks: TypeAlias = Literal["none", "first", "keep"]


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on its own line, and whether a blank line stands above it."""

    text: str
    blank: bool


@dataclass(slots=True, eq=False)
class Tok:
    """A piece of text that is never broken, with the comments around it.

    `before` are comments on their own lines above it, `after` is one at the end of its line.
    `blank` tells whether a blank line stands right above the token.
    """

    text: str
    before: list[Remark] = field(default_factory=list[Remark])
    after: str | None = None
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A place for a line break; `flat` is what stands there otherwise, None if it always breaks.

    `blanks` tells whether blank lines of the author are kept there: none, between what follows
    only (`first`: the start of a block), or before it too.
    """

    flat: str | None = " "
    blanks: Blanks = "none"


@dataclass(slots=True, eq=False)
class Group:
    """A part that stands on one line, or has all its own line breaks taken.

    `width` is that of the part on one line, once it is settled; None if it can't stand on one.
    """

    content: Doc
    broken: bool = False
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Nest:
    """A part whose lines are indented by one step more."""

    content: Doc


@dataclass(frozen=True, slots=True)
class IfBroken:
    """Spaces that are there only where the group around them is broken."""

    spaces: str


Doc: TypeAlias = str | Tok | Line | Group | Nest | IfBroken | list["Doc"]
"""A plain string holds spaces only; a list is a sequence."""


class PageLine(NamedTuple):
    """A finished line: its code, and the comment at its end."""

    code: str
    comment: str | None


class _Marks(NamedTuple):
    """What a document means for the groups around it."""

    has_tokens: bool
    comment_first: bool
    comment_last: bool
    breaks: bool
    width: int | None
    """What it takes on one line, the comments above it left out; None if it can't stand on one."""


# HOT: every part of a document comes by here.
def _settle(doc: Doc) -> _Marks:
    """Break every group that has a comment or a forced line break inside it, and measure each."""
    match doc:
        case list():
            return _settle_sequence(doc)
        case Group():
            marks = _settle(doc.content)
            doc.broken = doc.broken or marks.breaks
            doc.width = marks.width
            return marks if marks.breaks == doc.broken else marks._replace(breaks=doc.broken)
        case Nest():
            return _settle(doc.content)
        case Tok() if not doc.before and doc.after is None and "\n" not in doc.text:
            return _Marks(True, False, False, False, width(doc.text))
        case _:
            return _settle_sequence([doc])


def _settle_sequence(docs: list[Doc]) -> _Marks:
    seen = first = last = breaks = False
    columns = 0
    measured = True
    for doc in docs:
        match doc:
            case str():
                columns += len(doc)
            case Tok():
                comment_first = bool(doc.before)
                breaks = breaks or (seen and (last or comment_first))
                first = first if seen else comment_first
                seen, last = True, doc.after is not None
                if last or "\n" in doc.text:
                    measured = False
                else:
                    columns += width(doc.text)
            case Line():
                if doc.flat is None:
                    breaks = True
                else:
                    columns += len(doc.flat)
            case IfBroken():
                pass
            case _:
                has_tokens, comment_first, comment_last, inner, taken = _settle(doc)
                breaks = breaks or inner
                if has_tokens:
                    breaks = breaks or (seen and (last or comment_first))
                    first = first if seen else comment_first
                    seen, last = True, comment_last
                if taken is None:
                    measured = False
                else:
                    columns += taken
    return _Marks(seen, first, last, breaks, columns if measured else None)


_Command: TypeAlias = tuple[int, bool, Doc]
"""How deep a part is indented, whether it is to stand on one line, and the part."""


class _Page:
    """Lines as they are written."""

    def __init__(self) -> None:
        self.lines: list[PageLine] = []
        self._code = ""
        self._comment: str | None = None
        self._blanks: Blanks = "first"

    def write(self, doc: Doc) -> None:
        stack: list[_Command] = [(0, False, doc)]
        while stack:
            indent, flat, part = stack.pop()
            match part:
                case str():
                    self._code += part
                case Tok():
                    self._token(part, indent)
                case Line():
                    if flat and part.flat is not None:
                        self._code += part.flat
                    else:
                        self._newline(indent)
                        self._blanks = part.blanks
                case Group():
                    flat = flat or (not part.broken and self._fits(part, stack))
                    stack.append((indent, flat, part.content))
                case Nest():
                    stack.append((indent + INDENT, flat, part.content))
                case IfBroken():
                    self._code += "" if flat else part.spaces
                case list():
                    stack.extend([(indent, flat, child) for child in reversed(part)])

    def finish(self) -> list[PageLine]:
        self._newline(0)
        return self.lines

    def _newline(self, indent: int) -> None:
        self.lines.append(PageLine(self._code.rstrip(" "), self._comment))
        self._code, self._comment, self._blanks = " " * indent, None, "none"

    def _token(self, token: Tok, indent: int) -> None:
        if self._comment is not None or (token.before and self._code.strip()):
            self._newline(indent)
        for remark in token.before:
            self._blank_line(remark.blank)
            blanks = self._blanks
            self._code += remark.text
            self._newline(indent)
            self._blanks = "keep" if blanks != "none" else "none"
        self._blank_line(token.blank)
        text = token.text
        if "\n" in text:
            *full, text = text.split("\n")
            for line in full:  # of a string: its spaces and its lines are not ours to change
                self.lines.append(PageLine(self._code + line, None))
                self._code = ""
        self._code += text
        self._comment, self._blanks = token.after, "none"

    def _blank_line(self, wanted: bool) -> None:
        if wanted and self._blanks == "keep":
            self.lines.append(PageLine("", None))

    def _fits(self, group: Group, rest: list[_Command]) -> bool:
        """Tell whether a group fits on this line, with what follows up to a possible break.

        Any break of what follows will do, whether or not it will be taken: the answer must not
        depend on choices that a second formatting would see made.
        """
        left = MAX_COLUMNS - width(self._code)
        work: list[Doc] = [group]
        following = len(rest)
        inside = True
        while left >= 0:
            if not work:
                if not following:
                    return True
                following -= 1
                inside = False
                work.append(rest[following][2])
            part = work.pop()
            match part:
                case Tok():
                    if part.before and not inside:
                        return True
                    first, more, _ = part.text.partition("\n")
                    left -= width(first)
                    if more or part.after is not None:
                        return left >= 0
                case Line():
                    if not inside:
                        return True
                    left -= len(part.flat or "")
                case str():
                    left -= len(part)
                case list():
                    work.extend(reversed(part))
                case Group() if inside and part.width is not None:
                    left -= part.width
                case Group() | Nest():
                    work.append(part.content)
                case IfBroken():
                    pass
        return False


def render(doc: Doc) -> list[PageLine]:
    """Lay a document out. Cost: linear in its size, times the width of a line at worst."""
    _settle(doc)
    page = _Page()
    page.write(doc)
    return page.finish()


def to_text(lines: list[PageLine]) -> str:
    """Return lines as a text; comments at the ends of neighbouring lines stand below each other."""
    out: list[str] = []
    column = 0
    for number, (code, comment) in enumerate(lines):
        if comment is None:
            out.append(code)
            continue
        if number == 0 or lines[number - 1].comment is None:
            column = _comment_column(lines, number)
        out.append(code + " " * (column - width(code)) + _COMMENT_GAP + comment)
    return "".join(line + "\n" for line in out)


def _comment_column(lines: list[PageLine], start: int) -> int:
    """Return the width of the widest line of a run of lines with comments."""
    widest = 0
    for number in range(start, len(lines)):
        code, comment = lines[number]
        if comment is None:
            break
        widest = max(widest, width(code))
    return widest


def has_comment_first(doc: Doc) -> bool:
    """Tell whether a comment on a line of its own stands above a document.

    Cost: that of finding its first token, so that what nests is not gone through at each level.
    """
    work = [doc]
    while work:
        part = work.pop()
        if isinstance(part, Tok):
            return bool(part.before)
        if isinstance(part, list):
            work.extend(reversed(part))
        elif isinstance(part, Group | Nest):
            work.append(part.content)
    return False


def flat_width(doc: Doc) -> int | None:
    """Return the width of a document on one line, or None if it can't stand on one."""
    marks = _settle(doc)
    return None if marks.breaks else marks.width


def paddings(column: list[Doc], *, are_first: bool) -> list[int]:
    """Return how many spaces follow each part of a column so that what comes next lines up.

    A part that does not stand on one line, or is very wide, neither gets spaces nor gives them.
    `are_first` tells that nothing stands before the parts on their lines.
    """
    widths = [
        flat_width(part) if are_first or not has_comment_first(part) else None for part in column
    ]
    common = max((w for w in widths if w is not None and w <= _WIDEST_ALIGNED), default=0)
    return [max(0, common - w) if w is not None else 0 for w in widths]
