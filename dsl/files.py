"""Paths -> sources and data documents.

A path is a `.gate` file or a folder, which is searched to the bottom. Data stands beside the
policies: `data.json` (or `.yaml`) merges into the root of `data`, `data/NAME.json` stands at
`data.NAME`. Source: docs/language.md#files-and-packages.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

from gatewright.dsl import limits
from gatewright.dsl.diagnostics import Diagnostic, Unreadable
from gatewright.dsl.messages import files as messages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.source import Source

_DOCUMENTS = (".json", ".yaml", ".yml")
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """A data file: its text, and where it stands in `data` (None for the root)."""

    source: Source
    name: str | None


@dataclass(slots=True)
class Gathered:
    """What the paths hold."""

    paths: tuple[str, ...] = ()
    sources: list[Source] = field(default_factory=list[Source])
    documents: list[Document] = field(default_factory=list[Document])
    problems: list[Diagnostic] = field(default_factory=list[Diagnostic])


def gather(paths: Iterable[str | os.PathLike[str]]) -> Gathered:
    """Read policy files and the data beside them, each file once, in order of name.

    Raises Unreadable for a path that is not there or cannot be opened, and for what is found in a
    folder under the name of a policy or document and is no file, such as a pipe or a broken link.
    """
    given_paths = tuple(paths)
    found = Gathered(tuple(str(path) for path in given_paths))
    policies: dict[str, Path] = {}
    folders: dict[str, Path] = {}
    for given in given_paths:
        path = Path(given)
        if os.path.isdir(path):
            for file in _below(path):
                policies.setdefault(os.path.realpath(file), file)
                folders.setdefault(os.path.realpath(file.parent), file.parent)
            folders.setdefault(os.path.realpath(path), path)
        else:
            policies.setdefault(os.path.realpath(path), path)
            folders.setdefault(os.path.realpath(path.parent), path.parent)
    for file in sorted(policies.values(), key=str):
        source = _read(file, limits.MAX_FILE_BYTES, found.problems, is_data=False)
        if source is not None:
            found.sources.append(source)
    for folder in sorted(folders.values(), key=str):
        found.documents.extend(_documents(folder, found.problems))
    return found


def policy_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the policy files that paths name, each once, in order of name; nothing is read.

    Raises Unreadable for a folder that cannot be listed, and for what `gather` refuses in one.
    """
    found: dict[str, Path] = {}
    for given in paths:
        path = Path(given)
        for file in _below(path) if os.path.isdir(path) else [path]:
            found.setdefault(os.path.realpath(file), file)
    return sorted(found.values(), key=str)


def _below(folder: Path) -> Iterator[Path]:
    """Yield the policy files below a folder; hidden folders and links to folders are left out.

    A name may end in `.GATE` too: where names of files have no case nobody sees a difference.
    """
    for root, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(".gate") and not name.startswith("."):
                yield _regular(Path(root) / name)


def _refuse(error: OSError) -> NoReturn:
    raise Unreadable(str(error.filename), error.strerror or "cannot be read") from None


def _regular(file: Path) -> Path:
    """Return a file that was found; raises Unreadable where reading it would fail or never end."""
    if not os.path.isfile(file):
        raise Unreadable(str(file), "is no file, nor a link to one")
    return file


def _documents(folder: Path, problems: list[Diagnostic]) -> Iterator[Document]:
    for file in data_files(folder):
        source = _read(file, MAX_DOCUMENT_BYTES, problems, is_data=True)
        if source is not None:
            yield Document(source, None if file.parent == folder else file.stem)


def data_files(folder: Path) -> Iterator[Path]:
    """Yield the data documents that belong to the policies of a folder; raises as `gather` does."""
    for ending in _DOCUMENTS:
        file = folder / f"data{ending}"
        if os.path.lexists(file):
            yield _regular(file)
    beside = folder / "data"
    if os.path.islink(beside) and not os.path.exists(beside):
        raise Unreadable(str(beside), "is a link to what is not there")
    if os.path.isdir(beside):
        try:
            found = sorted(beside.iterdir())
        except OSError as error:
            _refuse(error)
        for file in found:
            if file.suffix in _DOCUMENTS and not file.name.startswith("."):
                yield _regular(file)


def _read(path: Path, most: int, problems: list[Diagnostic], *, is_data: bool) -> Source | None:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise Unreadable(str(path), error.strerror or "cannot be read") from None
    if len(content) > most:
        nowhere = Source(str(path), "").whole()
        problems.append(limit_messages.file_too_large(nowhere, most, is_data=is_data))
        return None
    source, problem = decode(str(path), content)
    if problem is not None:
        problems.append(problem)
        return None
    return source


def decode(name: str, content: bytes) -> tuple[Source, Diagnostic | None]:
    """Decode the bytes of a file as UTF-8, a byte order mark left out."""
    try:
        return Source(name, content.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        source = Source(name, content.decode("utf-8", "replace"))
        before = len(content[: error.start].decode("utf-8", "replace"))
        return source, messages.not_utf8(source.span(before, before + 1), error.start)


def library_sources(package: str) -> list[Source]:
    """Return the files of a package of the standard library (`std.people`), if there is one."""
    parts = package.split(".")
    if parts[0] != "std" or len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return []
    folder = files("gatewright.stdlib_policies").joinpath(*parts[1:])
    if not folder.is_dir():
        return []
    texts = sorted((f.name, f.read_text("utf-8")) for f in folder.iterdir()
                   if f.name.endswith(".gate"))  # fmt: skip
    return [Source(f"std/{'/'.join(parts[1:])}/{name}", text) for name, text in texts]


@cache
def library_packages() -> tuple[str, ...]:
    """Return the names of the standard library's packages."""
    folder = files("gatewright.stdlib_policies")
    names = (f.name for f in folder.iterdir() if f.is_dir())
    return tuple(sorted(f"std.{name}" for name in names if library_sources(f"std.{name}")))
