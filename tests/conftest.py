"""How properties are sampled, and where the material shared with other projects is found."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gatewright.engine import evaluate
from gatewright.engine.compile import forest

ROOT = Path(__file__).resolve().parent.parent

# No deadline anywhere: a busy machine must not fail a property.
settings.register_profile("fast", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=20, derandomize=True, database=None, print_blob=True
)
settings.register_profile(
    "full",
    deadline=None,
    max_examples=2000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# What the front end makes is tested, not what a cache kept; its own tests choose a folder.
os.environ["GATEWRIGHT_CACHE"] = "off"

# A test asks once what a host asks again and again, so actions are compiled at once. What comes
# before that, tests/engine/compile/test_first.py looks at.
evaluate.COMPILED_FROM = 1
forest.DICTS_FROM = 1

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "fast")


_MEASURED = 20
"""How many of the values that a test is given are measured for coverage, in their order."""
_UNMEASURED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run without the measuring of coverage, which makes them thrice as slow.

    What those in great numbers cover others cover too, or it was chance: the figure must not hang
    on it. Of one test with many values the first ones are measured.
    """
    seen = Counter[str]()
    for item in items:
        test = item.nodeid.partition("[")[0]
        seen[test] += 1
        is_volume = any(m.name in ("hypothesis", "volume") for m in item.iter_markers())
        item.stash[_UNMEASURED] = is_volume or seen[test] > _MEASURED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Stop the measuring of coverage for tests that are not measured."""
    tracing = sys.gettrace()
    if tracing is None or not item.stash.get(_UNMEASURED, False):
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracing)


def unmeasured() -> dict[str, str]:
    """Return the environment of processes that are killed: they leave halves of coverage's files."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def in_ci() -> bool:
    """Say whether this run decides about a change: then nothing may be skipped."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def shared_dir() -> Path:
    """Return the folder `shared` beside the repository; skip without it, but fail in CI."""
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        return shared
    reason = "needs the folder `shared` beside the repository"
    if in_ci():
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="session", name="shared_dir")
def shared_dir_fixture() -> Path:
    """Give a test the folder `shared`, on the terms of `shared_dir()`."""
    return shared_dir()
