"""Constructs and actions that look harmless and would take a guard away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.load import check_paths
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from tests.attacks.support import effect_of, is_stopped

# --- names that hide others


def test_a_parameter_called_name_is_not_hidden_by_the_name_of_the_action() -> None:
    source = """package a
    action x.create { name: string }
    rule open on x.create => auto_run
    guard g on x.create when action.name == "evil" => block
    """
    assert is_stopped(source, {"action": "x.create", "params": {"name": "evil"}})


@pytest.mark.parametrize("name", ["id", "system", "object"])
def test_an_attribute_is_not_hidden_by_what_every_target_has(name: str) -> None:
    source = f"""package a
    type Account {{ {name}: string }}
    action x.close on shop.account as Account {{}}
    rule open on x.close => auto_run
    guard g on x.close when target.{name} == "evil" => block
    """
    target = {"id": "1", "attributes": {name: "evil"}}
    assert is_stopped(source, {"action": "x.close", "target": target})


@pytest.mark.parametrize("name", ["agent", "target"])
def test_an_import_is_not_hidden_by_a_part_of_the_action(name: str) -> None:
    source = f"""package a
    import b as {name}
    action x.y {{}}
    rule open on x.y => auto_run
    guard g on x.y when {name}.closed => block
    """
    action = {"action": "x.y", "agent": {"id": "bot", "closed": False},
              "target": {"attributes": {"closed": False}}}  # fmt: skip
    try:
        policy = load_source([source, "package b\nlet closed = true\n"])
    except PolicyError:
        return
    assert effect_of(policy, action) is not Effect.AUTO_RUN


# --- names of actions that nobody sees as they are


@pytest.mark.parametrize(
    "name",
    [
        "billing.refund\ufe0f",
        "billing.refund\u034f",
        "billing.refund\u3164",
        "billing.refund\u0301",
        "billing.\u115frefund",
        "billing.refund.",
        "billing..refund",
        "billing.*",
    ],
    ids=ascii,
)
def test_a_name_that_only_looks_like_another_is_not_opened_by_a_pattern(name: str) -> None:
    source = """package billing
    action billing.refund {}
    permit agent "bot" to billing.*
    rule open on billing.* => auto_run
    guard g on billing.refund => block
    """
    assert is_stopped(source, {"action": name, "agent": {"id": "bot"}})


# --- changes that cannot be read


@pytest.mark.parametrize("change", ["b", 5, None, ["a", "b"], {}, {"old": "a", "new": "b", "x": 1}])
@pytest.mark.parametrize("condition", ['when changes.has("F")', 'unless changes.only(["G"])'])
def test_a_change_that_cannot_be_read_still_changes(change: Any, condition: str) -> None:
    policy = load_source(f"""package a
    action x.y {{ changes {{ F: string, G: int }} }}
    route somebody {{ one of group("g") }}
    default require somebody
    on_error require somebody
    guard g on x.y {condition} => block
    """)
    action = {"action": "x.y", "changes": {"F": change, "G": {"old": 1, "new": 2}}}
    assert effect_of(policy, action) is Effect.BLOCK


# --- documents


@pytest.mark.parametrize(
    ("written", "value"), [("NO", "NO"), ("on", "on"), ("1:30", "1:30"), ("010", "010")]
)
def test_a_word_in_yaml_stays_a_word(written: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "a.gate").write_text(
        "package a\naction x.y { country: string }\nrule open on x.y => auto_run\n"
        "guard g on x.y when action.country in data.closed => block\n",
        encoding="utf-8",
    )
    (tmp_path / "data.yaml").write_text(f"closed: [IR, {written}]\n", encoding="utf-8")
    policy, diagnostics = check_paths([tmp_path])
    assert (policy is None) is diagnostics.has_errors
    if policy is not None:
        action = {"action": "x.y", "params": {"country": value}}
        assert effect_of(PolicySet(policy), action) is Effect.BLOCK


# --- approvers


@pytest.mark.parametrize("people", ['[""]', '[" "]', '[group("")]', '[user("a"), ""]'])
def test_a_list_of_approvers_names_nobody_with_an_empty_text(people: str) -> None:
    with pytest.raises(PolicyError):
        load_source(f"package a route r {{ one of {people} }}")
