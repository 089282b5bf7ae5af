"""Any text ends in a tree and diagnostics with places in it, never in another exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.dsl.diagnostics import Diagnostic, PolicyError
from gatewright.dsl.lint import lint
from gatewright.dsl.load import check_sources
from gatewright.dsl.parser import parse, parse_expression
from gatewright.dsl.rendering.text import to_json, to_text
from gatewright.dsl.source import Source
from tests.dsl.syntax.test_declarations import TREES, WORDS
from tests.strategies.policies_text import expression_texts, policy_texts

PIECES = [text for text, _ in TREES]
TOKENS = [
    *WORDS, "x", "action.amount", "m", "in", "true", "null", "list", "map", "=>", "=", "==", "!=",
    "<", "<=", "&&", "||", "!", "-", "+", "..", ".", ",", ":", ";", "?", "|", "_", "@", "(", ")",
    "[", "]", "{", "}", "'a'", '"{x}"', "'''", '"""', "'", '"', "r'", "\\", "`a b`", "5", "50 USD",
    "30d", "1bd", "2026-01-01", "2026-01-01T00:00:00Z", "9999999999999999999999", "1.5", "0x", "//",
    "/// doc\n", "\n", "\r\n", "\t", "$", "#", "\u00e9", "\u202e", "\x00", "\ufeff", "\ud800",
]  # fmt: skip
HEAD = "package p\naction p.a { amount: money(USD), customer: string, reason?: string }\n"


def soup(tokens: Iterable[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(list(tokens)), max_size=30).map(" ".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw declarations that are right, with some pieces cut out, doubled or replaced."""
    text = "package p\n" + "\n".join(draw(st.lists(st.sampled_from(PIECES), max_size=5)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        put = draw(st.sampled_from(["", text[start:end] * 2, *TOKENS]))
        text = text[:start] + put + text[end:]
    return text


TEXTS = st.one_of(
    st.text(),
    st.binary().map(lambda content: content.decode("utf-8", "replace")),
    st.binary().map(lambda content: content.decode("latin-1")),
    soup(TOKENS),
    soup(TOKENS).map(lambda text: HEAD + text),
    soup([*PIECES, *TOKENS]).map(lambda text: HEAD + text),
    mutated(),
    policy_texts(),
)


def assert_places(source: Source, found: Iterable[Diagnostic]) -> None:
    for diagnostic in found:
        for span in (diagnostic.span, *(label.span for label in diagnostic.labels)):
            assert 0 <= span.start <= span.end <= len(span.source.text)
            assert span.source is source or not span.source.text
        assert diagnostic.message
        assert "\n" not in diagnostic.message


@given(TEXTS)
@example("package p\nlet x = '''")
@example("package p\nrule a => block because '{'")
@example("package\u00a0p")
@example("package p\nlet x = -9223372036854775808 9223372036854775808")
def test_any_text_can_be_parsed(text: str) -> None:
    source = Source("a.gate", text)
    parsed = parse(source)
    assert_places(source, parsed.diagnostics)
    assert parsed.whole or parsed.diagnostics
    for declaration in parsed.file.declarations:
        assert 0 <= declaration.span.start < declaration.span.end <= len(text)


@given(TEXTS)
def test_any_text_can_be_checked_and_shown(text: str) -> None:
    source = Source("a.gate", text)
    policy, found = check_sources([source])
    assert_places(source, found)
    assert (policy is None) == found.has_errors
    assert to_text(found).encode("utf-8") or not len(found)
    assert to_json(found)
    if policy is not None:
        assert_places(source, lint(policy, 0))


@given(st.one_of(st.text(), soup(TOKENS), expression_texts()))
def test_any_text_is_an_expression_or_a_policy_error(text: str) -> None:
    _same(parse_expression, text)


def _same(read: Callable[[str], object], text: str) -> None:
    """Read a text twice: the outcome does not depend on what was read before."""
    outcomes: list[object] = []
    for _ in range(2):
        try:
            outcomes.append(read(text))
        except PolicyError as error:
            assert error.diagnostics
            outcomes.append([str(d) for d in error.diagnostics])
    assert outcomes[0] == outcomes[1]


@given(st.lists(st.sampled_from(PIECES), max_size=6), soup(TOKENS))
def test_a_broken_declaration_hides_no_other(pieces: list[str], broken: str) -> None:
    """What stands before the broken text is read as it is read without it."""
    text = "package p\n" + "".join(f"{piece}\n" for piece in pieces)
    before = parse(Source("a", text)).file.declarations
    broken = " ".join(broken.split()).replace("'''", "").replace('"""', "")
    after = parse(Source("a", f"{text}let broken = = {broken}\n")).file.declarations
    assert after[: len(before)] == before
