"""Policy files or texts -> a policy set ready to decide. The parser is loaded here, not before."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

# Not needed here, but soon: a test or notebook waits for the compiler now, not in a decision.
import gatewright.engine.compile.units  # noqa: F401  # pyright: ignore[reportUnusedImport]
from gatewright.dsl.diagnostics import Diagnostics, PolicyError
from gatewright.dsl.load import check_paths, check_sources
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source
from gatewright.engine.evaluate import PolicySet


def load(*paths: str | os.PathLike[str]) -> PolicySet:
    """Load policy files and folders, with the data beside them, as one policy set.

    Raises PolicyError, with all `.diagnostics`, where the policies have errors, and
    gatewright.dsl.diagnostics.Unreadable for a path that cannot be read.
    """
    return _ready(*check_paths(paths))


def load_source(
    text: str | Iterable[str], *, data: Mapping[str, object] | None = None, name: str = "<policy>"
) -> PolicySet:
    """Load policies from text, one file or several, with `data` given as plain values.

    Raises PolicyError, with all `.diagnostics`, and TypeError for a file or a `Path` in the
    place of the text.
    """
    if hasattr(text, "read") or isinstance(text, os.PathLike):
        raise TypeError("`load_source` takes the text of policies; `load` takes the paths of files")
    texts = [text] if isinstance(text, str) else [*text]
    names = [name] if len(texts) == 1 else [f"{name} {i}" for i in range(1, len(texts) + 1)]
    sources = [Source(n, body) for n, body in zip(names, texts, strict=True)]
    return _ready(*check_sources(sources, data))


def _ready(policy: CheckedPolicy | None, diagnostics: Diagnostics) -> PolicySet:
    if policy is None:
        raise PolicyError(diagnostics)
    return PolicySet(policy)
