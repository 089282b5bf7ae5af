"""Policy text -> syntax tree, or diagnostics with places.

`parse` reads a whole file. After a syntax error it reads every declaration by itself, so that one
mistake hides nothing else. The grammar is `grammar.lark`; trees are built by `build`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import cast

from gatewright.dsl import ast, limits, records
from gatewright.dsl.diagnostics import Diagnostic, Diagnostics, PolicyError
from gatewright.dsl.messages import syntax as messages
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax import literals, templates
from gatewright.dsl.syntax.automaton import Automaton, Step, Stopped
from gatewright.dsl.syntax.build import Builder
from gatewright.dsl.syntax.build_expressions import TooDeep, literal_problem, too_deep
from gatewright.dsl.syntax.errors import explain
from gatewright.dsl.syntax.expected import DECLARATION_WORDS
from gatewright.dsl.syntax.lexer import Token
from gatewright.dsl.syntax.retrace import retrace
from gatewright.dsl.syntax.scan import Scan, declaration_starts, misspelt_start, next_text, scan
from gatewright.dsl.syntax.size import excess
from gatewright.dsl.syntax.slip import starts_line
from gatewright.dsl.syntax.tables import END, load_tables

_MAX_SYNTAX_ERRORS = 20
_END_OF_EXPRESSION = "the end of the expression"
_WORD = re.compile(r"\w+|\S", re.ASCII)
_PATH = re.compile(r"""\s*+(?!/[/*])(?:[^\n"{}]*[/\\][^\n"{}]*|[^\n"{}]*\.gate)\s*""")
"""A text of one line that is the path of a file or folder, not its content."""
_DECLARATION_IN_LINE = re.compile(rf"[)\w]\s+(?:{'|'.join(DECLARATION_WORDS)})\b")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as far as it could be read, and what was wrong with it."""

    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    whole: bool = True
    """Whether all declarations are in `file`: no error of syntax took one away."""


class _Parser:
    """The parser and its builder. Building has state, so one text at a time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.builder = Builder(_template)
        self.automaton = Automaton(load_tables(), self.builder)

    def run(
        self,
        source: Source,
        start: str,
        begin: int = 0,
        end: int | None = None,
        trace: list[Step] | None = None,
    ) -> ast.Node:
        """Parse a range of a source; the lock must be held."""
        with self.builder.reading(source):
            return cast(ast.Node, self.automaton.parse(source, start, begin, end, trace))


@cache
def _parser() -> _Parser:
    return _Parser()


def parse(source: Source, trace: list[Step] | None = None) -> Parsed:
    """Parse a policy file. Cost: linear in the text, which is at most 1 MiB and 50,000 tokens.

    Never raises for a bad text: the diagnostics tell, and the file holds what could be read. A
    `trace` is given the tokens, for `says_the_same`; it means nothing where there is an error.
    """
    found = scan(source)
    empty = ast.File(None, (), (), tuple(found.comments), span=source.whole())
    if found.too_large:
        return Parsed(empty, tuple(found.problems), whole=False)
    parser = _parser()
    with parser.lock:
        file, diagnostics = _whole(parser, source, found, trace)
        whole = file is not None
        if file is None:
            file, diagnostics = _piecewise(parser, source, found, empty)
    # Whatever is counted takes a token at least.
    excessive = excess(file.declarations) if found.tokens > limits.MAX_DECLARATIONS else None
    if excessive is not None:
        return Parsed(empty, (*diagnostics, excessive), whole=False)
    documented = tuple(_document(file.declarations, found.comments))
    file = records.replace(file, declarations=documented, comments=tuple(found.comments))
    return Parsed(file, tuple(diagnostics), whole)


def says_the_same(file: ast.File, trace: Sequence[Step], source: Source) -> bool:
    """Tell whether a text surely has the syntax tree and the comments of a file without errors.

    It does where it has the tokens of the file's `trace`. Where it has others, such as fewer
    brackets, it may still say the same: the answer is no, and only to parse it can tell.
    """
    found = retrace(_parser().automaton.lexer, trace, source)
    if found is None or [c.text.rstrip() for c in file.comments] != [
        c.text for c in found.comments
    ]:
        return False
    starts = (found.places[declaration.span.start] for declaration in file.declarations)
    docs = _docs([source.span(start, start) for start in starts], found.comments)
    return all(one.doc == doc for one, doc in zip(file.declarations, docs, strict=True))


def _whole(
    parser: _Parser, source: Source, found: Scan, trace: list[Step] | None
) -> tuple[ast.File | None, list[Diagnostic]]:
    """Read a text at once; no file where its syntax is broken."""
    parser.builder.reset()
    if found.problems:
        return None, []
    try:
        file = cast(ast.File, parser.run(source, "file", trace=trace))
    except (Stopped, TooDeep):
        return None, []
    return file, parser.builder.finish()


def parse_expression(text: str, name: str = "<expression>") -> ast.Expr:
    """Parse one expression.

    Raises PolicyError, with `.diagnostics`, for what is not one.
    """
    source = Source(name, text)
    found = scan(source)
    if found.problems:
        raise PolicyError(found.problems)
    parser = _parser()
    with parser.lock:
        parser.builder.reset()
        try:
            node = parser.run(source, "expression")
            diagnostics = parser.builder.finish()
        except TooDeep as error:
            raise PolicyError([too_deep(error)]) from None
        except Stopped as error:
            raise PolicyError(
                [explain(error, source, 0, len(text), found, _END_OF_EXPRESSION)]
            ) from None
    if diagnostics:
        raise PolicyError(diagnostics)
    return cast(ast.Expr, node)


def _piecewise(
    parser: _Parser, source: Source, found: Scan, empty: ast.File
) -> tuple[ast.File, list[Diagnostic]]:
    """Read a text with a syntax error declaration by declaration."""
    reader = _Pieces(parser, source, found)
    for begin, end in _ranges(source, found):
        reader.read(begin, end)
    pieces = reader.pieces
    package = next((p for p in pieces if isinstance(p, ast.QualifiedName)), None)
    imports = tuple(p for p in pieces if isinstance(p, ast.Import))
    declarations = tuple(p for p in pieces if isinstance(p, ast.Declaration))
    file = ast.File(package, imports, declarations, span=empty.span)
    return file, [*found.problems, *reader.finish()]


class _Pieces:
    """Reads the declarations of a text one by one, and says what is wrong with each."""

    def __init__(self, parser: _Parser, source: Source, found: Scan) -> None:
        self._parser = parser
        self._source = source
        self._found = found
        self._errors = Diagnostics()
        self.pieces: list[ast.Node] = []

    def read(self, begin: int, end: int) -> None:
        """Read a range of the text; what the first look found wrong with it is told already."""
        begin = next_text(self._source.text, begin)
        problems = self._found.problems
        if begin >= end or len(self._errors) + len(problems) >= _MAX_SYNTAX_ERRORS:
            return
        if any(begin <= problem.span.start < end for problem in problems):
            return
        try:
            self._run(begin, end)
        except TooDeep as error:
            self._errors.add(too_deep(error))
        except Stopped as error:
            self._explain(error, begin, end)

    def _run(self, begin: int, end: int) -> None:
        builder = self._parser.builder
        builder.reset()
        try:
            self.pieces.append(self._parser.run(self._source, "piece", begin, end))
        except (Stopped, TooDeep):
            self._errors.extend(builder.problems)
            raise
        self._errors.extend(builder.finish())

    def _explain(self, error: Stopped, begin: int, end: int) -> None:
        at = error.at
        if begin == next_text(self._source.text, 0) and at == 0 and self._lacks_package():
            return  # said once, by `finish`
        self._errors.add(explain(error, self._source, begin, end, self._found))
        ends = END in error.accepted
        if at is None or not (at == 0 or ends):
            return
        if ends:
            # A whole declaration stands before what is wrong.
            self._run(begin, begin + at)
        misspelt = misspelt_start(self._source, begin + at + 1, end)
        if misspelt is not None:
            self.read(misspelt, end)

    def finish(self) -> list[Diagnostic]:
        """Return the errors, with those about the order of package, imports and declarations."""
        package: ast.Node | None = None
        declared = False
        for piece in self.pieces:
            if isinstance(piece, ast.QualifiedName):
                if package is not None:
                    self._errors.add(
                        messages.repeated_part(piece.span, "the package", package.span)
                    )
                package = package or piece
            elif isinstance(piece, ast.Import) and declared:
                self._errors.add(messages.late_import(piece.span))
            declared = declared or isinstance(piece, ast.Declaration)
        if self._lacks_package():
            is_path = _PATH.fullmatch(self._source.text) is not None
            self._errors.add(messages.missing_package(self._first_word(), is_path=is_path))
        return list(self._errors)

    def _lacks_package(self) -> bool:
        return self._first_word().text != "package"

    def _first_word(self) -> Span:
        text = self._source.text
        start = next_text(text, 0)
        match = _WORD.match(text, start)
        if match is None:
            return self._source.whole()
        return self._source.span(start, match.end())


def _ranges(source: Source, found: Scan) -> Iterator[tuple[int, int]]:
    """Split a text where declarations start; an annotation belongs to the next declaration."""
    starts = declaration_starts(source, found)
    kept: list[int] = []
    annotated = False
    for start in starts:
        if not annotated:
            kept.append(start)
        annotated = source.text.startswith("@", start) and _is_bare_annotation(source, start)
    bounds = [0, *(s for s in kept if s > 0), len(source.text)]
    yield from pairwise(bounds)


def _is_bare_annotation(source: Source, start: int) -> bool:
    """Tell whether an annotation stands on a line of its own."""
    end = source.text.find("\n", start)
    line = source.text[start : end if end >= 0 else len(source.text)]
    return not _DECLARATION_IN_LINE.search(line)


def _document(
    declarations: tuple[ast.Declaration, ...], comments: list[ast.Comment]
) -> Iterator[ast.Declaration]:
    """Give each declaration that starts a line the `///` lines that stand right above it."""
    docs = _docs([declaration.span for declaration in declarations], comments)
    for declaration, doc in zip(declarations, docs, strict=True):
        yield records.replace(declaration, doc=doc) if doc is not None else declaration


def _docs(declarations: list[Span], comments: list[ast.Comment]) -> Iterator[str | None]:
    """Yield the text above each declaration; None where there is none."""
    docs = (c for c in comments if c.text.startswith("///") and starts_line(c.span))
    by_line = {c.span.begin.line: c for c in docs}
    for span in declarations:
        lines: list[str] = []
        number = span.begin.line - 1 if by_line and starts_line(span) else 0
        while number in by_line:
            lines.append(by_line[number].text[3:].strip())
            number -= 1
        yield "\n".join(reversed(lines)) if lines else None


def _template(builder: Builder, token: Token) -> ast.Template:
    """Parse a `because` string: its texts, and the expressions in `{...}`."""
    span = builder.token_span(token)
    parts: list[str | ast.Expr] = []
    try:
        for part in templates.split(token.text):
            if isinstance(part, str):
                parts.append(part)
            else:
                begin, end = span.start + part.start, span.start + part.end
                parts.append(_placeholder(builder, span.source, begin, end))
    except templates.BadTemplate as bad:
        at = span.start + bad.at
        builder.problems.append(messages.bad_placeholder(span.source.span(at, at + 1), bad.why))
    except literals.BadLiteral as bad:
        builder.problems.append(literal_problem(bad, span))
    return ast.Template(tuple(parts), span=span)


def _placeholder(builder: Builder, source: Source, begin: int, end: int) -> ast.Expr:
    """Parse the expression of a placeholder; null stands in for one that cannot be read."""
    span = source.span(begin, max(end, begin + 1))
    try:
        return cast(ast.Expr, _parser().run(source, "expression", begin, end))
    except Stopped:
        why = f"`{span.text}` is not an expression" if end > begin else "a placeholder is empty"
        builder.problems.append(messages.bad_placeholder(span, why))
        return ast.NullLiteral(span=span)
