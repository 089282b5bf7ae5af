"""Where the tree points at a page of its own, the page is there and has that heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("stdlib_policies/**/*.md")])
CODE = sorted(
    path
    for tree in ("benchmarks", "connectors", "dsl", "engine", "gatewright/cli", "tests")
    for path in (ROOT / tree).rglob("*.py")
    if path != Path(__file__)
) + sorted((ROOT / "gatewright").glob("*.py"))

CITED = re.compile(r"docs/([\w-]+\.md)((?:(?:, )?#[\w-]+)*)")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page: Path) -> set[str]:
    """The names under which the headings of a page are linked."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
    return made | set(re.findall(r'^<a id="([\w-]+)"></a>$', text, flags=re.MULTILINE))


def citations(text: str) -> Iterator[tuple[str, str | None]]:
    """Every page of docs/ that a text names, with each heading after it."""
    for page, headings in CITED.findall(text):
        yield page, None
        yield from ((page, heading) for heading in re.findall(r"#([\w-]+)", headings))


def links(page: Path) -> Iterator[tuple[Path, str | None]]:
    for target, heading in LINK.findall(page.read_text("utf-8")):
        yield (page.parent / target if target else page), heading or None


def is_there(page: Path, heading: str | None) -> bool:
    return page.exists() and (heading is None or heading in anchors(page))


def test_what_code_cites_is_there() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: docs/{page}#{heading}"
        for path in CODE
        for page, heading in citations(path.read_text("utf-8"))
        if not is_there(ROOT / "docs" / page, heading)
    ]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_is_there(page: Path) -> None:
    wrong = [
        f"{target}#{heading}" for target, heading in links(page) if not is_there(target, heading)
    ]
    assert not wrong


def test_citations_are_found_and_judged() -> None:
    text = "Source: docs/language.md#history, #no-such; docs/none.md."
    found = list(citations(text))
    assert found == [
        ("language.md", None), ("language.md", "history"), ("language.md", "no-such"),
        ("none.md", None),
    ]  # fmt: skip
    assert [is_there(ROOT / "docs" / page, heading) for page, heading in found] == [
        True, True, False, False,
    ]  # fmt: skip


def test_the_readme_links_to_every_page() -> None:
    linked = {target.resolve() for target, _ in links(ROOT / "README.md")}
    assert {page.resolve() for page in (ROOT / "docs").glob("*.md")} <= linked
