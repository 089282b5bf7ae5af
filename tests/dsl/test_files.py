"""Paths and the policy files and data that they name. Source: docs/language.md#files-and-packages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatewright.dsl import files
from gatewright.dsl.diagnostics import Unreadable
from gatewright.dsl.files import Gathered, decode, gather, library_packages
from gatewright.dsl.load import check_paths


@pytest.fixture(name="tree")
def tree_fixture(tmp_path: Path) -> Path:
    """Make a folder with policies and data on several levels, and what must be left out."""
    contents = {
        "a.gate": "package a\n",
        "data.json": '{"a": 1}',
        "data/limits.json": '{"gold": 5}',
        "data/prices.yaml": "eur: 1.5\n",
        "data/notes.txt": "no document",
        "data/.hidden.json": "{",
        "data/deeper/x.json": "{",
        "sub/b.gate": "package b\n",
        "sub/data.yml": "b: 2\n",
        "sub/README.md": "no policy",
        ".hidden/c.gate": "broken",
        "sub/.d.gate": "broken",
        "empty/.keep": "",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def names(found: Gathered, root: Path) -> tuple[list[str], list[tuple[str, str | None]]]:
    sources = [os.path.relpath(s.name, root) for s in found.sources]
    documents = [(os.path.relpath(d.source.name, root), d.name) for d in found.documents]
    return sources, documents


def test_a_folder_is_searched_to_the_bottom(tree: Path) -> None:
    sources, documents = names(gather([tree]), tree)
    assert sources == ["a.gate", "sub/b.gate"]
    assert documents == [
        ("data.json", None),
        ("data/limits.json", "limits"),
        ("data/prices.yaml", "prices"),
        ("sub/data.yml", None),
    ]


def test_a_file_brings_the_data_beside_it(tree: Path) -> None:
    sources, documents = names(gather([tree / "sub" / "b.gate"]), tree)
    assert sources == ["sub/b.gate"]
    assert documents == [("sub/data.yml", None)]


def test_a_file_named_twice_is_read_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    found = gather(["a.gate", tree, tree / "sub" / ".." / "a.gate", "."])
    assert len(found.sources) == 2
    assert len(found.documents) == 4
    assert [str(p) for p in files.policy_files(["sub", "a.gate", "./a.gate"])] == [
        "a.gate",
        "sub/b.gate",
    ]


def test_all_becomes_one_policy(tree: Path) -> None:
    policy, found = check_paths([tree])
    assert policy is not None, list(found)
    assert dict(policy.data) == {"a": 1, "limits": {"gold": 5}, "prices": {"eur": 1.5}, "b": 2}
    assert list(policy.packages) == ["a", "b"]


@pytest.mark.parametrize("name", ["guards.GATE", "sub/Guards.Gate"])
def test_a_policy_may_be_named_in_capitals(tree: Path, name: str) -> None:
    (tree / name).write_text("package a\n", encoding="utf-8")
    assert str(tree / name) in [source.name for source in gather([tree]).sources]


def test_links_to_folders_are_not_followed(tree: Path) -> None:
    (tree / "sub" / "loop").symlink_to(tree, target_is_directory=True)
    assert len(gather([tree]).sources) == 2


NAMES = ["x.gate", "sub/x.gate", "sub/data.json", "data/x.yaml"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_is_not_waited_for(tree: Path, name: str) -> None:
    os.mkfifo(tree / name)
    with pytest.raises(Unreadable, match=f"{name}: is no file, nor a link to one"):
        gather([tree])


@pytest.mark.parametrize("target", ["gone", "itself"])
@pytest.mark.parametrize("name", [*NAMES, "sub/data"])
def test_a_link_that_leads_nowhere_is_told(tree: Path, name: str, target: str) -> None:
    """A guard, or a list that one reads, is not left out because a link broke."""
    link = tree / name
    link.symlink_to(link if target == "itself" else tree / "gone")
    with pytest.raises(Unreadable, match=rf"{name}: is (no file|a link to what is not there)"):
        gather([tree])
    with pytest.raises(Unreadable, match=rf"{name}: "):
        gather([link])


def test_links_to_files_are_read(tree: Path) -> None:
    (tree / "sub" / "data.json").symlink_to(tree / "data" / "limits.json")
    (tree / "sub" / "data").symlink_to(tree / "data")
    (tree / "a2.gate").symlink_to("a.gate")
    sources, documents = names(gather([tree]), tree)
    assert sources == ["a.gate", "sub/b.gate"]
    assert ("sub/data.json", None) in documents
    assert ("sub/data/limits.json", "limits") in documents


def test_what_is_not_there(tree: Path) -> None:
    with pytest.raises(Unreadable, match=r"gone\.gate: No such file") as error:
        gather([tree / "gone.gate"])
    assert error.value.path == str(tree / "gone.gate")
    assert error.value.why == "No such file or directory"


@pytest.mark.parametrize("name", ["x" * 5_000, f"{'x' * 5_000}/a.gate"])
def test_a_name_that_is_too_long(name: str) -> None:
    with pytest.raises(Unreadable, match="File name too long"):
        gather([name])
    assert files.policy_files([name]) == [Path(name)]


def test_a_folder_that_cannot_be_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(Unreadable, match="Permission denied"):
        gather([tree])


def test_paths_without_policies_are_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    policy, found = check_paths(["empty", "data"])
    assert policy is None
    assert [(d.code, d.span.source.name) for d in found] == [("GW0804", "empty, data")]
    policy, found = check_paths([])
    assert [(d.code, d.span.source.name) for d in found] == [("GW0804", ".")]


def test_a_file_of_any_name_may_be_given(tree: Path) -> None:
    policy, _ = check_paths([tree / "sub" / "README.md"])
    assert policy is None
    (tree / "policy.txt").write_text("package p\n", encoding="utf-8")
    assert check_paths([tree / "policy.txt"])[0] is not None


def test_a_file_that_cannot_be_read_hides_no_other(tree: Path) -> None:
    (tree / "sub" / "b.gate").write_bytes(b"package b\n\xff")
    (tree / "big.gate").write_bytes(b"//" + b"x" * 1024 * 1024)
    (tree / "data" / "bad.json").write_bytes(b"{\xff}")
    found = gather([tree])
    assert [s.text for s in found.sources] == ["package a\n"]
    assert sorted(p.code for p in found.problems) == ["GW0701", "GW0801", "GW0801"]
    assert check_paths([tree])[0] is None


def test_a_file_is_utf8_with_or_without_its_mark() -> None:
    source, problem = decode("a", b"\xef\xbb\xbfpackage p")
    assert (source.text, problem) == ("package p", None)
    source, problem = decode("a", b"caf\xc3\xa9 \xff\n")
    assert problem is not None
    assert problem.message == "byte 6 of the file is not UTF-8"
    assert problem.span.start == 5


@pytest.mark.parametrize(
    "package", ["std", "people", "std..x", "std.no-where", "std./etc", "std.gone", ""]
)
def test_what_is_no_library_package(package: str) -> None:
    assert files.library_sources(package) == []


def test_the_standard_library_has_its_sources() -> None:
    packages = library_packages()
    assert "std.people" in packages
    for package in packages:
        sources = files.library_sources(package)
        assert sources
        for source in sources:
            assert source.name.startswith(f"std/{package.removeprefix('std.').replace('.', '/')}/")
            assert f"package {package}\n" in source.text
