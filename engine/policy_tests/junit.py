"""Test results -> JUnit XML, as build servers read it: a suite a package, a case a test or row.

Whatever XML cannot hold, such as control characters, is written out as `<U+0007>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from gatewright.engine.policy_tests.run import TestResult

# XML 1.0, "Char": everything else may not occur, not even escaped. The last two of each plane may,
# but are no characters; C1 controls are discouraged and would be obeyed by terminals.
_NOT_IN_XML = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Timed:
    """A result, and how long it took as the caller measured it."""

    result: TestResult
    seconds: float = 0.0


def to_junit(timed: Iterable[Timed]) -> str:
    """Return results as JUnit XML in the order given, suites in the order first met."""
    suites: dict[str, list[Timed]] = {}
    for one in timed:
        suites.setdefault(one.result.package, []).append(one)
    everything = [one for suite in suites.values() for one in suite]
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites{_counts(everything)}>"]
    for package, suite in suites.items():
        lines.append(f"  <testsuite{_attribute('name', package)}{_counts(suite)}>")
        lines += [line for one in suite for line in _case(one)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _counts(timed: Sequence[Timed]) -> str:
    failures = sum(not one.result.passed for one in timed)
    seconds = sum(one.seconds for one in timed)
    counts = f' tests="{len(timed)}" failures="{failures}" errors="0" skipped="0"'
    return f'{counts} time="{seconds:.3f}"'


def _case(timed: Timed) -> Iterator[str]:
    result = timed.result
    named = _attribute("classname", result.package) + _attribute("name", result.name)
    place = _attribute("file", result.at.file) + f' line="{result.at.line}"'
    head = f'    <testcase{named}{place} time="{timed.seconds:.3f}"'
    if result.passed:
        yield head + "/>"
        return
    yield head + ">"
    reason = _attribute("message", result.reason)
    yield f"      <failure{reason}>{escape(_allowed(result.message))}</failure>"
    yield "    </testcase>"


def _attribute(name: str, value: str) -> str:
    return f" {name}={quoteattr(_allowed(value))}"


def _allowed(text: str) -> str:
    return _NOT_IN_XML.sub(lambda found: f"<U+{ord(found.group()):04X}>", text)
