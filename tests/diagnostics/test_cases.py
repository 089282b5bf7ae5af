"""What the author of a wrong policy is shown: every case's whole output, and every code once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewright.dsl.load import check_paths
from gatewright.dsl.rendering.text import to_text
from tests.diagnostics.generated import GENERATED
from tests.diagnostics.support import (
    CASES,
    EXPECTED,
    LINTS,
    PORTABLE,
    assert_readable,
    assert_same,
    errors_of,
    generated_set,
    lints_of,
    portability_of,
    titles,
)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_errors(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = errors_of(folder, monkeypatch)
    assert found, "a case must have something to show"
    for diagnostic in found:
        assert_readable(diagnostic)
    assert_same(folder / EXPECTED, to_text(found))


@pytest.mark.parametrize("folder", LINTS, ids=lambda folder: folder.name)
def test_lints(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = lints_of(folder, monkeypatch)
    assert found, "a case must have something to show"
    for diagnostic in found:
        assert_readable(diagnostic)
    assert_same(folder / EXPECTED, to_text(found))


@pytest.mark.parametrize("folder", PORTABLE, ids=lambda folder: folder.name)
def test_portability(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = portability_of(folder, monkeypatch)
    assert found, "a case must have something to show"
    for diagnostic in found:
        assert_readable(diagnostic)
    assert_same(folder / EXPECTED, to_text(found))


WITHOUT_FILES = (
    "file-too-large", "too-many-tokens", "too-many-values", "too-many-cases",
    "too-many-conditions", "too-many-ranks", "too-many-required", "too-many-checks",
    "too-different", "too-large-patterns", "too-many-history-fields", "too-many-rows",
    "too-many-runs-of-tests", "not-utf-8",
)  # fmt: skip
"""Generated sets that show the codes which no files of the repository can."""


def test_every_code_has_a_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {d.code for folder in CASES for d in errors_of(folder, monkeypatch)}
    shown |= {d.code for folder in LINTS for d in lints_of(folder, monkeypatch)}
    shown |= {d.code for folder in PORTABLE for d in portability_of(folder, monkeypatch)}
    for name in WITHOUT_FILES:
        folder = tmp_path / name
        folder.mkdir()
        generated_set(GENERATED[name], folder, monkeypatch)
        shown |= {d.code for d in check_paths(["."])[1]}
    assert shown == set(titles())
