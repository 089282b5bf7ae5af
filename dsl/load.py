"""Files or texts -> a checked policy, or diagnostics: the whole front end in one call.

Packages of the standard library that are imported join the set, and so do those they import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gatewright.dsl import ast
from gatewright.dsl.checker import check
from gatewright.dsl.diagnostics import MAX_FOUND, Diagnostic, Diagnostics, Severity
from gatewright.dsl.digest import digest_of
from gatewright.dsl.documents import freeze_data, load_data
from gatewright.dsl.files import Document, Gathered, gather, library_sources
from gatewright.dsl.garbage import uncollected
from gatewright.dsl.messages import files as messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.parser import Parsed, parse
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.resolve.collect import collect
from gatewright.dsl.resolver import resolve
from gatewright.dsl.source import Source


def check_paths(
    paths: Iterable[str | os.PathLike[str]],
) -> tuple[CheckedPolicy | None, Diagnostics]:
    """Load and check files and folders as one policy set.

    The policy is None when there are errors. Raises Unreadable for a path that is not there.
    """
    return check_gathered(gather(paths))


def check_gathered(found: Gathered) -> tuple[CheckedPolicy | None, Diagnostics]:
    """Check what was read from paths as one policy set; the policy is None for errors."""
    diagnostics = Diagnostics()
    diagnostics.extend(found.problems)
    if not found.sources and not found.problems:
        where = Source(", ".join(found.paths) or ".", "")
        diagnostics.add(messages.no_policies(where.whole()))
    with uncollected():
        return _check(found.sources, found.documents, diagnostics)


def check_sources(
    sources: Iterable[Source], data: Mapping[str, object] | None = None
) -> tuple[CheckedPolicy | None, Diagnostics]:
    """Check texts as one policy set, with `data` given as plain values."""
    with uncollected():
        return _check(list(sources), [], Diagnostics(), data)


def _check(
    sources: list[Source],
    documents: list[Document],
    diagnostics: Diagnostics,
    given: Mapping[str, object] | None = None,
) -> tuple[CheckedPolicy | None, Diagnostics]:
    whole = not diagnostics.has_errors
    parsed = _parse(sources, diagnostics)
    whole = whole and all(each.whole for each in parsed)
    files = [each.file for each in parsed]
    data = dict(load_data(documents, diagnostics.add))
    data.update(freeze_data(given or {}, diagnostics.add))
    readable = not diagnostics.has_errors
    digest = digest_of([f.span.source for f in files], data)
    report = _Reporter(diagnostics, whole)
    try:
        collected = collect(files, report)
        policy = resolve(collected, tuple(files), MappingProxyType(data), digest, report)
        if readable:
            # What cannot be read leaves values out, and what they mean would be reported as wrong.
            check(policy, collected, report)
    except _Enough:
        return None, diagnostics
    return (None if diagnostics.has_errors else policy), diagnostics


class _Enough(Exception):
    """More errors than anybody reads."""


class _Reporter:
    """Adds what the stages behind the parser report, up to `MAX_FOUND` errors.

    Where a part of the set could not be read, unknown names are not told: it may declare them.
    """

    def __init__(self, diagnostics: Diagnostics, whole: bool) -> None:
        self._diagnostics = diagnostics
        self._whole = whole
        self._errors = 0

    def __call__(self, diagnostic: Diagnostic) -> None:
        if not self._whole and diagnostic.code in name_messages.MAY_BE_DECLARED_ELSEWHERE:
            return
        self._diagnostics.add(diagnostic)
        self._errors += diagnostic.severity is Severity.ERROR
        if self._errors >= MAX_FOUND:
            raise _Enough


def _parse(sources: list[Source], diagnostics: Diagnostics) -> list[Parsed]:
    """Parse a set's files, and the library's packages that they import."""
    files: list[Parsed] = []
    loaded: set[str] = set()
    given = {source.text for source in sources}
    todo = list(sources)
    while todo:
        source = todo.pop()
        parsed = parse(source)
        diagnostics.extend(parsed.diagnostics)
        files.append(parsed)
        for imported in parsed.file.imports:
            package = imported.package.text
            if package.startswith("std.") and package not in loaded:
                loaded.add(package)
                # A file of the library that was given itself is there already.
                todo.extend(s for s in library_sources(package) if s.text not in given)
    own = {id(source) for source in sources}
    for file in (parsed.file for parsed in files):
        if id(file.span.source) in own and file.package and _is_reserved(file.package.text, file):
            diagnostics.add(name_messages.reserved_package(file.package.span, file.package.text))
    return sorted(files, key=lambda p: (p.file.span.source.name, p.file.span.source.text))


def _is_reserved(package: str, file: ast.File) -> bool:
    """Tell whether a file calls itself a part of the library, and is none."""
    if package.partition(".")[0] != "std":
        return False
    text = file.span.source.text
    return all(text != source.text for source in library_sources(package))
