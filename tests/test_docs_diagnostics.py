"""docs/diagnostics.md: a section for every code, whose example shows it and whose mend does away
with it.

A section has fenced blocks: files with their names (`gate policy.gate`), `text` with all that is
told, and `diff` with the lines that mend the example.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import LINTS, Lint, lint
from gatewright.dsl.load import check_paths
from gatewright.dsl.rendering.text import doc_page, to_text
from gatewright.engine.portable.conditions import portability
from tests.conftest import ROOT
from tests.diagnostics.support import LINTED_AT, titles

PAGE = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
_SECTION = re.compile(r'<a id="(\w+)"></a>\n\n## (\w+): (.+)\n')
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITHOUT_EXAMPLE = {
    "GW0701", "GW0702", "GW0705", "GW0706", "GW0707", "GW0708", "GW0709", "GW0710", "GW0711", "GW0712", "GW0713",
    "GW0714", "GW0715", "GW0801", "GW0804",
}  # fmt: skip
"""About what is too large, bytes that are no text, and no files: see tests/diagnostics."""


@dataclass(frozen=True, slots=True)
class Section:
    """One code's section of the page."""

    anchor: str
    code: str
    title: str
    text: str

    def blocks(self, language: str) -> list[tuple[str, str]]:
        """Return the fenced blocks of a language: the file's name and the content."""
        return [(m[2] or "", m[3]) for m in _FENCE.finditer(self.text) if m[1] == language]

    def files(self) -> dict[str, str]:
        return dict([*self.blocks("gate"), *self.blocks("json")])


def _sections() -> list[Section]:
    found = list(_SECTION.finditer(PAGE))
    ends = [*(m.start() for m in found[1:]), len(PAGE)]
    return [Section(m[1], m[2], m[3], PAGE[m.end() : e]) for m, e in zip(found, ends, strict=True)]


SECTIONS = _sections()
EXAMPLES = [section for section in SECTIONS if section.files()]
by_code = pytest.mark.parametrize("section", EXAMPLES, ids=lambda section: section.code)


def test_every_code_has_its_section_in_order() -> None:
    assert {s.code: s.title for s in SECTIONS} == dict(titles())
    assert [s.code for s in SECTIONS] == sorted(titles())


def test_links_lead_to_the_sections() -> None:
    for section in SECTIONS:
        assert doc_page(section.code) == f"docs/diagnostics.md#{section.anchor}"


def test_only_some_have_no_example() -> None:
    assert {s.code for s in SECTIONS} - {s.code for s in EXAMPLES} == WITHOUT_EXAMPLE


@by_code
def test_the_example_shows_the_code(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = told(section.code, section.files(), tmp_path, monkeypatch)
    assert section.code in {d.code for d in found}
    (_, shown), *_ = section.blocks("text")
    assert to_text(found).rpartition("\n\n")[0] + "\n" == shown


@by_code
def test_what_mends_the_example_does(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, difference), *_ = section.blocks("diff")
    files = mended(section.files(), difference)
    found = told(section.code, files, tmp_path, monkeypatch)
    assert section.code not in {d.code for d in found}, to_text(found)


@pytest.mark.parametrize("each", LINTS, ids=lambda each: each.name)
def test_lints_are_described_as_in_their_modules(each: Lint) -> None:
    module = sys.modules[each.check.__module__]
    section = next(s for s in SECTIONS if s.code == each.code)
    assert (module.__doc__ or "").strip() in section.text
    assert f"Lint `{each.name}`." in section.text


def told(
    code: str, files: Mapping[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Diagnostic]:
    """Return what is told about a policy set, by the code: errors, lints, or portability."""
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(folder)
    policy, diagnostics = check_paths(["."])
    if code.startswith("GW09") and policy is not None:
        return portability(policy)
    if not code.startswith("GW1"):
        return list(diagnostics)
    assert policy is not None, to_text(diagnostics)
    return lint(policy, LINTED_AT)


def mended(files: Mapping[str, str], difference: str) -> dict[str, str]:
    """Replace each line with `-` by the lines with `+` below it; the last such line counts."""
    texts = {name: content.split("\n") for name, content in files.items()}
    place: tuple[list[str], int] | None = None
    for line in difference.splitlines():
        if line.startswith("- "):
            text = next(t for t in texts.values() if line[2:] in t)
            at = len(text) - 1 - text[::-1].index(line[2:])
            del text[at]
            place = text, at
        else:
            assert place is not None and line.startswith("+")
            text, at = place
            text.insert(at, line[2:])
            place = text, at + 1
    return {name: "\n".join(text) for name, text in texts.items()}
