"""A first look at a text, before the grammar: limits, characters, strings, comments, nesting.

It is one pass of a regular expression that never goes back, so that a hostile text is refused in
linear time and the parser behind it only ever sees text of bounded size and depth.
"""

from __future__ import annotations

import re

from gatewright.dsl import limits
from gatewright.dsl.ast import Comment
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import syntax as messages
from gatewright.dsl.messages.catalog import closest
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.source import Source
from gatewright.dsl.syntax.expected import DECLARATION_WORDS

# INVARIANT: strings as in grammar.lark. Possessive (`++`, `*+`): a long string costs no stack.
_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*+)
  | (?P<string>
        (?:[bB]?[rR]|[rR][bB])
            (?:\"\"\"(?:[^"]++|"(?!""))*+\"\"\"|'''(?:[^']++|'(?!''))*+'''
              |"(?!"")[^"\r\n]*+"|'(?!'')[^'\r\n]*+')
      | [bB]?
            (?:\"\"\"(?:[^"\\]++|\\[\s\S]|"(?!""))*+\"\"\"
              |'''(?:[^'\\]++|\\[\s\S]|'(?!''))*+'''
              |"(?!"")(?:[^"\\\r\n]++|\\[^\r\n])*+"
              |'(?!'')(?:[^'\\\r\n]++|\\[^\r\n])*+'))
  | (?P<endless>\"\"\"|''')
  | (?P<quote>["'])[^\r\n]*+
  | (?P<open>[(\[{])
  | (?P<close>[)\]}])
  | (?P<word>[A-Za-z_0-9]++)
  | (?P<space>[ \t\r\n]++|\A\ufeff)
  | (?P<symbol>=>|<=|>=|==|!=|&&|\|\||\.\.|[\x21-\x7e])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = frozenset({"word", "symbol"})
_OPENS = {")": "(", "]": "[", "}": "{"}
_STARTER = re.compile(
    r"^([ \t]*)(?:@|(?:package|import|action|type|let|history|calendar|route|default|on_error"
    r"|permit|risk|rule|guard|absolute|exception|invariant|test)\b"
    r"(?=[ \t]*(?:(?!in\b)\w|[\"'{;]|=>|=(?!=)|//|\r?$)))",
    re.MULTILINE | re.ASCII,
)
_FIRST_WORD = re.compile(r"^[A-Za-z_]{3,12}\b", re.MULTILINE)
_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]++|//[^\n]*+)*+")
_PIECE_OF_TEXT = re.compile(r"\w+|[^\w\s]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
# What a reader cannot see, and what turns the order of a line around.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What some editors end a line at, and the language does not: code behind it would be a comment.
_BREAKS = frozenset("\x85\u2028\u2029")
_MAX_PROBLEMS = 20


@dataclass(slots=True)
class Scan:
    """What the first look found."""

    comments: list[Comment] = field(default_factory=list[Comment])
    problems: list[Diagnostic] = field(default_factory=list[Diagnostic])
    tokens: int = 0
    """How many tokens the text has, comments and what stands in braces of a `because` counted."""
    too_large: bool = False
    """Whether the text is past a limit, so that it must not be parsed."""
    unclosed: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Brackets that nothing closes, in order, with their offsets."""
    stray: set[int] = field(default_factory=set[int])
    """Where a bracket closes nothing."""
    covered: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Where strings and comments stand: no declaration starts inside one."""


def scan(source: Source) -> Scan:
    """Look a text over once. Cost: linear in its length."""
    found = Scan()
    if len(source.text.encode("utf-8", "surrogatepass")) > limits.MAX_FILE_BYTES:
        found.problems.append(_too_large(source))
        found.too_large = True
        return found
    _Scanner(source, found).run()
    found.unclosed.sort(key=lambda bracket: bracket[1])
    return found


def _too_large(source: Source) -> Diagnostic:
    nowhere = Source(source.name, "").whole()  # so that nobody has to look through the text
    return limit_messages.file_too_large(nowhere, limits.MAX_FILE_BYTES)


class _Scanner:
    """Goes over one text, token by token."""

    def __init__(self, source: Source, found: Scan) -> None:
        self._source = source
        self._found = found
        self._open: list[tuple[str, int]] = []

    # HOT: half of the tokens are words and signs, and between any two there is space.
    def run(self) -> None:
        """Look at every token, up to the first limit that is passed."""
        found, before = self._found, ""
        half = _HALF_CHARACTER.search(self._source.text)
        if half:
            self._forbid(half.start())
        for match in _TOKEN.finditer(self._source.text):
            kind, text = match.lastgroup, match.group()
            if kind == "space":
                if "\r" in text:
                    self._lone_return(match)
                continue
            found.tokens += 1
            if kind not in _PLAIN:
                self._look(match, kind, text, before)
            past = found.tokens > limits.MAX_TOKENS or len(self._open) > limits.MAX_DEPTH
            if past or kind == "endless":
                self._note_limit(match)
                break
            before = before if kind == "comment" else text
        found.unclosed.extend(self._open)

    def _look(self, match: re.Match[str], kind: str | None, text: str, before: str) -> None:
        """Look at what is no word, sign or space; `before` is what stands before it."""
        if kind == "comment":
            self._lone_return(match)
            self._comment(match)
        elif kind == "string":
            self._found.covered.append(match.span())
            if before == "because" and "{" in text:
                # The parser reads what stands in braces, so it counts.
                self._found.tokens += sum(1 for _ in _PIECE_OF_TEXT.finditer(text))
        elif kind == "open":
            self._open.append((text, match.start()))
        elif kind == "close":
            self._close(text, match.start())
        elif kind == "other":
            self._forbid(match.start())
        else:
            self._unterminated(match)

    def _note_limit(self, match: re.Match[str]) -> None:
        """Note the limit that is passed at a token, if one is."""
        too_many = self._found.tokens > limits.MAX_TOKENS
        if not too_many and len(self._open) <= limits.MAX_DEPTH:
            return
        at = self._source.span(match.start(), match.start() + 1)
        problem = limit_messages.too_many_tokens if too_many else limit_messages.too_deep
        self._found.problems.append(problem(at))
        self._found.too_large = True

    def _unterminated(self, match: re.Match[str]) -> None:
        """Note a string without an end: a short one covers its line, a long one the rest."""
        start, quote = match.start(), match.group("endless") or match.group("quote")
        end = len(self._source.text) if match.group("endless") else match.end()
        self._found.covered.append((start, end))
        span = self._source.span(start, start + len(quote))
        self._problem(messages.unterminated_string(span, quote))

    def _comment(self, match: re.Match[str]) -> None:
        text = match.group().rstrip("\r")
        span = self._source.span(match.start(), match.start() + len(text))
        self._found.covered.append(match.span())
        self._found.comments.append(Comment(text, span=span))
        hidden = next((i for i, char in enumerate(text) if _is_hidden(char)), None)
        if hidden is not None:
            self._forbid(span.start + hidden)

    def _lone_return(self, match: re.Match[str]) -> None:
        """Refuse a carriage return that ends no line: some editors show a new line there."""
        found = _LONE_RETURN.search(self._source.text, match.start(), match.end())
        if found and not self._source.text.startswith("\n", found.end()):
            self._forbid(found.start())

    def _forbid(self, at: int) -> None:
        """Note a character that must not stand there; one a line says enough."""
        span = self._source.span(at, at + 1)
        problem = messages.forbidden_character(span, span.text)
        line = span.begin.line
        told = (p for p in self._found.problems if p.code == problem.code)
        if all(p.span.begin.line != line for p in told):
            self._problem(problem)

    def _problem(self, problem: Diagnostic) -> None:
        if len(self._found.problems) < _MAX_PROBLEMS:
            self._found.problems.append(problem)

    def _close(self, bracket: str, at: int) -> None:
        """Take the bracket's opener away; what was opened since then is never closed."""
        opener = _OPENS[bracket]
        inner = next((i for i, (b, _) in enumerate(reversed(self._open)) if b == opener), None)
        if inner is None:
            self._found.stray.add(at)
            return
        cut = len(self._open) - inner - 1
        self._found.unclosed.extend(self._open[cut + 1 :])
        del self._open[cut:]


def _is_hidden(char: str) -> bool:
    is_control = (char < " " and char not in "\t\r") or char == "\x7f"
    return is_control or char in BIDI or char in _BREAKS


def next_text(text: str, at: int) -> int:
    """Return where the next thing stands that is no space and no comment; the end if none does."""
    match = _BLANK.match(text, at)
    return match.end() if match else at


def token_end(text: str, at: int) -> int:
    """Return where the word, string or sign ends that stands at an offset."""
    match = _TOKEN.match(text, at)
    if match is None:
        return at
    return match.end() if match.lastgroup not in ("quote", "comment") else at + 1


def text_end(text: str, end: int, found: Scan) -> int:
    """Return where the last thing before `end` ends that is no space and no comment."""
    end = len(text[:end].rstrip())
    for comment in reversed(found.comments):
        if comment.span.start < end <= comment.span.end:
            end = len(text[: comment.span.start].rstrip())
    return end


def misspelt_start(source: Source, begin: int, end: int) -> int | None:
    """Return where a line begins with a word that is almost one that opens a declaration."""
    for match in _FIRST_WORD.finditer(source.text, begin, end):
        if closest(match.group().lower(), DECLARATION_WORDS) is not None:
            return match.start()
    return None


def declaration_starts(source: Source, found: Scan) -> list[int]:
    """Return the offsets where a declaration seems to start: its word first on a line.

    All start at the column of the first, since a body may have lines that begin with such words
    too. Used for recovery alone.
    """
    covered = iter(found.covered)
    current = next(covered, None)
    starts: list[int] = []
    indent: str | None = None
    for match in _STARTER.finditer(source.text):
        at = match.end(1)
        while current is not None and current[1] <= at:
            current = next(covered, None)
        if current is not None and current[0] <= at:
            continue
        indent = match.group(1) if indent is None else indent
        if match.group(1) == indent:
            starts.append(at)
    return starts
