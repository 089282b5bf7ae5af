"""Checks texts as one policy set."""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.rendering.text import to_text
from gatewright.dsl.source import Source


def _sources(texts: tuple[str, ...]) -> list[Source]:
    return [Source(f"{i}.gate", text) for i, text in enumerate(texts)]


def checked(*texts: str, data: Mapping[str, object] | None = None) -> CheckedPolicy:
    """Return the policy of some files, which must be right."""
    policy, found = check_sources(_sources(texts), data)
    assert policy is not None, to_text(found)
    return policy


def told(*texts: str, data: Mapping[str, object] | None = None) -> list[str]:
    """Return code, underlined text and sentence of what is told about some files."""
    found = check_sources(_sources(texts), data)[1]
    return [f"{d.code} `{d.span.text}` {d.message}" for d in found]
