"""`gatewright test`: runs the test blocks of a set of policies."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import click

from gatewright.cli.selection import BadSelection, Selects, selects
from gatewright.cli.terminal import Refused, exit_code, show
from gatewright.dsl.diagnostics import Diagnostics, Severity, Unreadable
from gatewright.dsl.files import data_files, policy_files
from gatewright.dsl.load import check_paths
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.rendering.display import visible
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.policy_tests.coverage import Coverage
from gatewright.engine.policy_tests.coverage_report import (
    coverage_json,
    coverage_text,
    total_percent,
)
from gatewright.engine.policy_tests.given import Case, Preparing
from gatewright.engine.policy_tests.junit import Timed, to_junit
from gatewright.engine.policy_tests.run import TestResult, cases, run_case

_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    paths: tuple[str, ...]
    wanted: Selects
    junit: str | None
    coverage: bool
    coverage_json: str | None
    fail_under: float | None
    verbose: bool

    @property
    def measures(self) -> bool:
        """Whether coverage is asked for in any form."""
        return self.coverage or self.coverage_json is not None or self.fail_under is not None


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option("-k", "expression", metavar="EXPR", help="Only tests whose package or name fits: "
              'a text, or texts with "and", "or", "not" and brackets.')  # fmt: skip
@click.option("--junit", metavar="FILE", help="Also write the results as JUnit XML.")
@click.option("--watch", is_flag=True, help="Run again whenever a file changes, until Ctrl-C.")
@click.option("--coverage", is_flag=True, help="Say what the tests never tried.")
@click.option("--coverage-json", metavar="FILE", help="Write the coverage as JSON.")
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="N",
              help="Exit 1 where less than N percent was tried.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="List every test; show warnings of `check`.")
def command(
    paths: tuple[str, ...],
    expression: str | None,
    junit: str | None,
    watch: bool,
    coverage: bool,
    coverage_json: str | None,
    fail_under: float | None,
    verbose: bool,
) -> None:
    """Run the test blocks of files and folders, together as one set of policies.

    Each test decides an action as `evaluate` would, at the instant and with the past that it gives,
    and compares. A row of `cases` is a test of its own. A failure shows why it was decided so.

    \b
    Examples:
      gatewright test policies/
      gatewright test policies/ -k "refund and not ladder"
      gatewright test policies/ --coverage --fail-under 90
      gatewright test policies/ --junit report.xml
      gatewright test policies/ --watch

    Exit codes: 0 all passed; 1 a test failed, there is no test, the policies have errors, or the
    coverage is too low; 2 wrong usage or unreadable input, such as a file that is not UTF-8.
    """
    try:
        wanted = selects(expression) if expression is not None else _everything
    except BadSelection as bad:
        raise click.UsageError(f"-k {visible(expression or '')}: {bad}") from None
    options = Options(paths, wanted, junit, coverage, coverage_json, fail_under, verbose)
    if watch:
        raise SystemExit(watching(options, time.sleep))
    raise SystemExit(run(options))


def _everything(_: str) -> bool:
    return True


# --- one run


def run(options: Options) -> int:
    """Load, run and report once; return the exit code. Raises Refused."""
    try:
        policy, diagnostics = check_paths(options.paths)
    except Unreadable as error:
        raise Refused(error.path, error.why) from None
    if len(diagnostics) and (policy is None or options.verbose):
        show(_shown(diagnostics, options.verbose))
    if policy is None:
        return exit_code(diagnostics)
    return _run(policy, options)


def _shown(diagnostics: Diagnostics, verbose: bool) -> Diagnostics:
    """Leave out warnings, unless they are asked for."""
    shown = Diagnostics()
    shown.extend(d for d in diagnostics if verbose or d.severity is Severity.ERROR)
    return shown


def _run(policy: CheckedPolicy, options: Options) -> int:
    every = cases(policy)
    chosen = [case for case in every if options.wanted(f"{case.package} {case.name}")]
    if not chosen:
        click.echo(f"error: {_why_nothing_ran(len(every))}", err=True)
        return 1
    coverage = Coverage(policy) if options.measures else None
    timed = list(_timed(policy, chosen, coverage))
    for one in timed:
        _report(one.result, options.verbose)
    failed = sum(not one.result.passed for one in timed)
    _echo(_summary(len(timed) - failed, failed, len(every) - len(chosen)), _color(failed))
    if options.junit is not None:
        _write(options.junit, to_junit(timed))
    enough = coverage is None or _covered(coverage, options)
    return 0 if enough and not failed else 1


def _why_nothing_ran(all_tests: int) -> str:
    if all_tests:
        return f"no test fits -k, of {_counted(all_tests, 'test')}"
    return 'there is no test in these policies: write one, test "name" { given ... expect ... }'


def _timed(policy: CheckedPolicy, chosen: list[Case], coverage: Coverage | None) -> Iterator[Timed]:
    """Run the cases; how long each took is measured here, since the engine reads no clock."""
    preparing = Preparing(PolicySet(policy))
    observe = None if coverage is None else coverage.observe
    for case in chosen:
        begun = time.perf_counter()
        result = run_case(preparing, case, observe)
        yield Timed(result, time.perf_counter() - begun)


# --- what is written


def _report(result: TestResult, verbose: bool) -> None:
    if not result.passed:
        _echo(f"FAIL {visible(result.name)}", "red")
        click.echo(indent(result.message, "  ") + "\n")
    elif verbose:
        _echo(f"PASS {visible(result.name)}", "green")


def _summary(passed: int, failed: int, left_out: int) -> str:
    counts = [f"{passed} passed", f"{failed} failed"] if failed else [f"{passed} passed"]
    return ", ".join([*counts, f"{left_out} left out"] if left_out else counts)


def _covered(coverage: Coverage, options: Options) -> bool:
    """Report the coverage as asked for; tell whether it is enough."""
    files = coverage.files()
    total = total_percent(files)
    if options.coverage:
        click.echo("\n" + coverage_text(files), nl=False)
    if options.coverage_json is not None:
        _write(options.coverage_json, json.dumps(coverage_json(files), indent=2) + "\n")
    if options.fail_under is None or total >= options.fail_under:
        return True
    click.echo(f"error: coverage is {total:.1f}%, less than {options.fail_under:g}%", err=True)
    return False


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Refused(path, f"cannot be written: {error.strerror}") from None


def _echo(text: str, color: str) -> None:
    plain = bool(os.environ.get("NO_COLOR"))
    click.echo(text if plain else click.style(text, fg=color))


def _color(failed: int) -> str:
    return "red" if failed else "green"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


# --- again and again


def watching(options: Options, sleep: Callable[[float], None]) -> int:
    """Run, then again after each change, until interrupted; return the last exit code.

    Files are looked at every half second, so that it works on every file system.
    """
    code = 0
    try:
        while True:
            before = _stamps(options.paths)
            code = _run_watched(options)
            files = _counted(len(before), "file")
            click.echo(f"watching {files}; Ctrl-C ends", err=True)
            while _stamps(options.paths) == before:
                sleep(_POLL_S)
    except KeyboardInterrupt:
        click.echo("", err=True)
        return code


def _run_watched(options: Options) -> int:
    """Run once; what cannot be read now may be there after the next change."""
    try:
        return run(options)
    except Refused as refused:
        refused.show()
        return refused.exit_code


def _stamps(paths: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return when each file of a policy set was last written, and its size."""
    try:
        policies = policy_files(paths)
        folders = {path.parent for path in policies} | {Path(p) for p in paths if os.path.isdir(p)}
        files = [*policies, *(document for folder in folders for document in data_files(folder))]
    except Unreadable:
        return {}
    return {str(file): stamp for file in files if (stamp := _stamp(file)) is not None}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
