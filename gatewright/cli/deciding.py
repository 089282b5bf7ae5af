"""A bundle and an action -> the decision as `gatewright eval` writes it.

Imports no more than deciding from a bundle takes: no click, no compiler, no parser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from gatewright.engine.bundle.load import load_bundle, looks_like_bundle
from gatewright.engine.json_text import MAX_BYTES, read_json


def decided_from_bundle(path: str, action: str) -> str | None:
    """Return the decision as JSON; None for what is no bundle, or where a note has to be added.

    `action` is the path of the action. Raises whatever is wrong with either.
    """
    if not looks_like_bundle(path):
        return None
    with open(action, "rb") as file:
        given = read_json(file.read(MAX_BYTES + 1))
    if not isinstance(given, dict):
        return None
    policy = load_bundle(path)
    decision = policy.decide_once(cast("dict[str, object]", given))
    name = given.get("action")
    if not isinstance(name, str) or name not in policy.about(name).actions:
        return None
    return eval_text(decision.to_dict())


def eval_text(decision: Mapping[str, object]) -> str:
    """Write a decision as `gatewright eval` does."""
    return json.dumps(decision, indent=2, allow_nan=False)
