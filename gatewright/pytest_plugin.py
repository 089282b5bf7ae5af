"""The pytest plugin of Gatewright: the tests in `.gate` files run with all others.

A `.gate` file below pytest's arguments or `testpaths` is collected where it contains a `test`
block; every test, and every row of `cases`, is an item. The file is checked as part of its policy
set: the folder listed in the ini option `gatewright_paths` that it is in, else its own folder with
all below it, or a folder further up as long as each one on the way holds policies too.

`--no-gatewright`, or `gatewright = false` in the ini file, turns it off; then only files that are
named on the command line are collected, or all again with `--gatewright`.

It is imported at the start of every pytest run of an environment that has Gatewright installed,
so it imports nothing heavy before the first such file is collected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

    from gatewright.engine.policy_tests.given import Case, Preparing
    from gatewright.engine.policy_tests.run import TestResult

_ENDING = ".gate"
_MOST_BYTES = 2**20  # a policy file is no larger
_TEST_BLOCK = re.compile(rb"""\btest(?:\s++|//[^\n]*+)*+[rR]?["']""")

_Loaded = dict[Path, "Preparing | str"]
_LOADED: pytest.StashKey[_Loaded] = pytest.StashKey()
"""Folder -> its policy set, or what is wrong with it."""
_TOLD: pytest.StashKey[set[Path]] = pytest.StashKey()
"""The folders and files of which an item says that something is wrong with them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    group = parser.getgroup("gatewright", "tests in Gatewright policies")
    group.addoption(
        "--gatewright",
        action="store_true",
        default=None,
        dest="gatewright",
        help="collect the tests in .gate files, also where the ini file says not to",
    )
    group.addoption(
        "--no-gatewright",
        action="store_false",
        dest="gatewright",
        help="collect no .gate files",
    )
    parser.addini("gatewright", "collect the tests in .gate files", type="bool", default=True)
    parser.addini(
        "gatewright_paths",
        "folders of policies, each checked and tested as one set",
        type="paths",
        default=[],
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a policy file that contains tests."""
    if file_path.suffix.lower() != _ENDING or not _is_wanted(file_path, parent):
        return None
    if not _is_policy(file_path) and not parent.session.isinitpath(file_path):
        return None  # its name begins with a dot, so no policy set has it
    if not _may_have_tests(file_path):
        return None
    # pytest leaves these signatures open.
    return GateFile.from_parent(parent, path=file_path)  # pyright: ignore[reportUnknownMemberType]


def _may_have_tests(file: Path) -> bool:
    """Look for a test block without parsing; what cannot be read is told when it is loaded."""
    try:
        with file.open("rb") as opened:
            return _TEST_BLOCK.search(opened.read(_MOST_BYTES)) is not None
    except OSError:
        return True


def _is_wanted(file: Path, parent: pytest.Collector) -> bool:
    """Tell whether a file is collected: the command line comes before the ini file."""
    config = parent.config
    asked: bool | None = config.getoption("gatewright")
    if asked is not None:
        return asked
    return bool(config.getini("gatewright")) or parent.session.isinitpath(file)


class GateFile(pytest.File):
    """A policy file with tests."""

    def collect(self) -> Iterable[pytest.Item]:
        """Yield the tests of this file.

        Where the policy set of its folder has errors, none of its tests can run: the first of its
        files has one item, which fails and says why; so has a file that is no part of the set.
        Where single tests are asked for, that is told as an error of collection, since the item
        would not be among them.
        """
        # The engine and the parser are loaded by the first file that needs them.
        from gatewright.engine.policy_tests.run import cases

        folder = _folder_of(self.path, self.config)
        loaded = self.config.stash.setdefault(_LOADED, {})
        if folder not in loaded:
            loaded[folder] = _load(folder)
        found = loaded[folder]
        if isinstance(found, str):
            yield from self._broken(folder, found)
            return
        here, policy = self.path.resolve(), found.policy_set.policy
        own = [case for case in cases(policy) if Path(case.span.source.name).resolve() == here]
        for case in own:
            name = case.name.replace("::", ":")  # `::` parts a node id
            yield self._item(name, case, found)
        files = (file.span.source.name for file in policy.files)
        if not own and all(Path(name).resolve() != here for name in files):
            # Of a set that leaves it out, as a link to a folder, its tests cannot be run.
            why = f"{self.path} is no part of the policies in {folder}"
            yield from self._broken(self.path, why)

    def _item(self, name: str, case: Case, preparing: Preparing) -> GateItem:
        return GateItem.from_parent(  # pyright: ignore[reportUnknownMemberType]
            self, name=name, case=case, preparing=preparing
        )

    def _broken(self, where: Path, why: str) -> Iterable[BrokenItem]:
        if _chooses(self.config):
            raise self.CollectError(why)
        told = self.config.stash.setdefault(_TOLD, set())
        if where not in told:
            told.add(where)
            name = "policies without errors"
            yield BrokenItem.from_parent(  # pyright: ignore[reportUnknownMemberType]
                self, name=name, why=why
            )


def _chooses(config: pytest.Config) -> bool:
    """Tell whether single tests are asked for, by node id, `-k` or `-m`."""
    named = any("::" in argument for argument in config.args)
    return named or bool(config.getoption("keyword") or config.getoption("markexpr"))


def _load(folder: Path) -> Preparing | str:
    """Load a policy set, to prepare its cases; or return what is wrong with it."""
    # As above: not before a policy file is collected. The renderer, too, others do not need.
    from gatewright.dsl.diagnostics import PolicyError, Severity, Unreadable
    from gatewright.dsl.rendering.text import to_text
    from gatewright.engine.load import load
    from gatewright.engine.policy_tests.given import Preparing

    here = Path.cwd()  # messages show places as `gatewright test` does
    try:
        return Preparing(load(folder.relative_to(here) if folder.is_relative_to(here) else folder))
    except PolicyError as error:
        errors = [d for d in error.diagnostics if d.severity is Severity.ERROR]
        return to_text(errors).rstrip("\n")
    except Unreadable as error:
        return str(error)


def _folder_of(file: Path, config: pytest.Config) -> Path:
    """Return the folder whose policies are one set with a file."""
    listed: list[Path] = [p for p in config.getini("gatewright_paths") if file.is_relative_to(p)]
    if listed:
        return max(listed, key=lambda path: len(path.parts))
    folder = file.parent
    while folder != config.rootpath and any(map(_is_policy, folder.parent.glob("*"))):
        folder = folder.parent
    return folder


def _is_policy(file: Path) -> bool:
    return file.suffix.lower() == _ENDING and not file.name.startswith(".")


class BrokenItem(pytest.Item):
    """A policy set that has errors: the item fails and shows them."""

    def __init__(self, name: str, parent: GateFile, *, why: str) -> None:
        super().__init__(name, parent)  # pyright: ignore[reportUnknownMemberType]
        self._why = why

    def runtest(self) -> None:
        """Fail."""
        raise BrokenPolicies(self._why)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: str | None = None,
    ) -> str | TerminalRepr:
        """Return the errors instead of a traceback."""
        if isinstance(excinfo.value, BrokenPolicies):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the item belongs."""
        return self.path, None, self.name


class BrokenPolicies(Exception):
    """Policies that cannot be tested, with the errors as text."""


class GateItem(pytest.Item):
    """A test of a policy, or one row of it."""

    def __init__(self, name: str, parent: GateFile, *, case: Case, preparing: Preparing) -> None:
        super().__init__(name, parent)  # pyright: ignore[reportUnknownMemberType]
        self._case = case
        self._preparing = preparing
        self.extra_keyword_matches.add(case.package)

    def runtest(self) -> None:
        """Decide and compare."""
        # Loaded by now; at the top it would be loaded in every run of pytest.
        from gatewright.engine.policy_tests.run import run_case

        result = run_case(self._preparing, self._case)
        if not result.passed:
            raise GateFailure(result)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: str | None = None,
    ) -> str | TerminalRepr:
        """Return what was expected and what was decided and why, instead of a traceback."""
        if isinstance(excinfo.value, GateFailure):
            return _FailureText(excinfo.value.result)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is written; lines count from 0 here."""
        # Not the name alone: in that pytest would show a point, as of `49.99 USD`, as `::`.
        return self.path, self._case.span.begin.line - 1, f'test "{self.name}"'


class GateFailure(Exception):
    """A test of a policy that failed."""

    def __init__(self, result: TestResult) -> None:
        super().__init__(result.reason)
        self.result = result


class _FailureText(TerminalRepr):
    """The text of a failure, and the line that pytest's summary shows."""

    def __init__(self, result: TestResult) -> None:
        self._message = result.message
        self.reprcrash = ReprFileLocation(result.at.file, result.at.line, result.reason)

    def toterminal(self, tw: TerminalWriter) -> None:
        """Write the text, the expectation in the colour of errors."""
        for line in self._message.split("\n"):
            is_head = line.startswith(("  expected ", "  decided "))
            tw.line(line, red=is_head)
