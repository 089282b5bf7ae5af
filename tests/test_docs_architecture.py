"""The map in docs/architecture.md has every folder of ours, and each module that stands in none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_layout import MODULES, files_under

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TREES = ("dsl", "engine", "gatewright")


def places() -> list[str]:
    """What must be on the map: `engine/cel/`, `engine/values.py`; a tree is not searched deeper."""
    beside = [m.path for m in MODULES if m.path.parent in {ROOT / tree for tree in TREES}]
    modules = [path for path in beside if not path.stem.startswith("__")]
    folders = {
        m.path.parent for m in MODULES if m.path.parent.parent in {ROOT / tree for tree in TREES}
    }
    return sorted([f"{_named(path)}/" for path in folders] + [_named(path) for path in modules])


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("place", places())
def test_every_place_is_on_the_map(place: str) -> None:
    short = place.removeprefix("gatewright/")
    assert f"`{place}" in PAGE or f"`{short}" in PAGE, (
        f"say in docs/architecture.md what {place} is"
    )


def test_what_the_map_names_is_there() -> None:
    names = {part for part in PAGE.split("`")[1::2] if part.endswith(".py") and "*" not in part}
    there = {
        _named(path)
        for tree in (*TREES, "connectors", "tests")
        for path in files_under(ROOT / tree)
    }
    gone = {name for name in names if not any(f"/{path}".endswith(f"/{name}") for path in there)}
    assert not gone
