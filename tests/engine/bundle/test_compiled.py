"""The compiled form of large actions: what it decides, what it spares, and when it is not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gatewright.dsl.policy import CheckedPolicy, Rule
from gatewright.dsl.source import Source
from gatewright.engine.bundle import bundled as bundled_module
from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.checking import check_bundle
from gatewright.engine.bundle.container import unpack
from gatewright.engine.bundle.decode import decode
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.kinds import COMPILED_SECTIONS
from gatewright.engine.compile import build as building
from gatewright.engine.evaluate import PolicySet
from gatewright.loading import load
from tests.engine.bundle.compiled_support import (
    TEXT,
    Forms,
    actions,
    all_compiled,
    content_of,
    interpretations,
    loaded,
    many,
    payment,
    policy,
)
from tests.engine.bundle.support import bundled, checked, digests_by_hash_seed

__all__ = ["interpretations"]

CONTENT = content_of(policy())
EXPECTED = [PolicySet(policy()).decide_once(action).to_dict() for action in actions()]


def sections(content: bytes) -> set[str]:
    return {*unpack(content).sections}


def test_it_decides_and_explains_as_the_sources_do(interpretations: list[str]) -> None:
    found = loaded(CONTENT)
    decisions = [found.evaluate(action) for action in actions()]
    assert 3 < len(interpretations) < len(decisions) / 3, "of what does not fit or errs"
    assert [decision.to_dict() for decision in decisions] == EXPECTED
    effects = {str(each["effect"]) for each in EXPECTED}
    assert effects == {"auto_run", "require_approval", "block"}


def test_every_kind_of_node_and_atom_is_written() -> None:
    forms = Forms(CONTENT)
    assert {node[0] for node in forms.nodes} == {
        layout.RESIDUE, layout.SWITCH, layout.TEXTS, layout.RANGE, layout.PRESENCE,
    }  # fmt: skip
    assert len(forms.heads) == 2
    assert {atom[0] for head in forms.heads for atom in head["atoms"]} >= {"opaque", "counted"}
    assert any(head["risks"] for head in forms.heads)


def test_rows_that_stay_whole_ask_every_kind_of_atom(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no tree would be small enough: each row is a condition of its own."""
    monkeypatch.setattr(building, "COPIES_A_ROW", 0)
    monkeypatch.setattr(building, "FREE_COPIES", 0)
    content = content_of(policy())
    kinds = {atom[0] for head in Forms(content).heads for atom in head["atoms"]}
    assert kinds == {"member", "below", "present", "opaque", "counted"}
    found = loaded(content)
    assert [found.evaluate(action).to_dict() for action in actions()] == EXPECTED


def test_only_what_holds_is_read(
    interpretations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading(cls: type[Any], text: bytes, sources: Sequence[Source]) -> Any:
        found = decode(cls, text, sources)
        if cls is Rule:
            read.append(found.name)
        return found

    monkeypatch.setattr(bundled_module, "decode", reading)
    found = loaded(build(many(layout.LEAST_ROWS)))
    assert found.evaluate(payment("t7", "7.99 USD")).matched == ("pay.t7",)
    assert found.evaluate(payment("t8", "9 USD")).matched == ()
    assert read == ["t7"]
    assert interpretations == []


def test_an_action_with_few_rows_has_none() -> None:
    assert not sections(build(many(layout.LEAST_ROWS - 1))) & COMPILED_SECTIONS
    assert sections(build(many(layout.LEAST_ROWS))) >= COMPILED_SECTIONS
    content = build(many(layout.LEAST_ROWS, "action pay.in { n: int }"))
    assert loaded(content).carried("pay.out") is not None
    assert loaded(content).carried("pay.in") is None
    assert loaded(content).carried("pay.other") is None


def test_a_bundle_without_trees_decides_as_ever() -> None:
    content = build(many(layout.LEAST_ROWS), compiled=False)
    assert not sections(content) & COMPILED_SECTIONS
    found = loaded(content)
    assert found.carried("pay.out") is None
    assert found.evaluate(payment("t7", "7.99 USD")).matched == ("pay.t7",)
    check_bundle(found.bundled)


def test_the_cache_keeps_trees_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWRIGHT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "policies").mkdir()
    for file in many(layout.LEAST_ROWS).files:
        (tmp_path / "policies" / file.span.source.name).write_text(file.span.source.text)
    first, second = (load(tmp_path / "policies") for _ in range(2))
    assert first.carried("pay.out") is None
    assert second.carried("pay.out") is not None
    decisions = [each.evaluate(payment("t7", "7.99 USD")).to_dict() for each in (first, second)]
    assert decisions[0] == decisions[1]


def test_permits_are_rows_too() -> None:
    names = range(layout.LEAST_ROWS - 1)
    permits = "\n".join(f'permit agent "a{n}" to pay.out' for n in names)
    found = loaded(build(many(1, permits)))
    assert found.carried("pay.out") is not None
    asked = payment("t0", "0.50 USD")
    assert found.evaluate({**asked, "agent": {"id": "a9"}}).effect.value == "auto_run"
    assert found.evaluate({**asked, "agent": {"id": "b"}}).effect.value == "block"


def test_the_largest_actions_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "LEAST_ROWS", 1)
    monkeypatch.setattr(layout, "MOST_ROWS", 4)
    found = loaded(build(many(3, "action pay.in { n: int }\nguard all on * when true => block")))
    assert found.carried("pay.out") is not None
    assert found.carried("pay.in") is None


def test_an_action_that_is_interpreted_always_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatewright.engine.compile.unit.MOST_CONDITIONS", 1)
    rows = (
        'cases { action.tenant == "a" => auto_run action.tenant == "b" => block\n else => block }'
    )
    found = loaded(content_of(many(1, f"rule ladder on pay.out {rows}")))
    assert found.carried("pay.out") is None
    assert found.evaluate(payment("a", "5 USD")).effect.value == "auto_run"


@pytest.mark.parametrize("limit", ["MOST_HEIGHT", "MOST_DEPTH", "MOST_PARTS", "MOST_SLOTS"])
def test_what_is_too_large_is_not_written(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, limit, 0)
    found = loaded(content_of(policy()))
    assert found.carried("shop.refund") is None
    assert found.evaluate(actions()[0]).to_dict() == EXPECTED[0]


def test_the_hash_seed_has_no_bytes() -> None:
    digests = digests_by_hash_seed(
        "from tests.engine.bundle.compiled_support import content_of, policy",
        "content_of(policy())",
    )
    assert len(digests) == 1


def test_what_comes_out_of_a_bundle_gives_the_same_bytes() -> None:
    assert content_of(loaded(CONTENT).policy) == CONTENT


# --- when it is not read


def test_the_form_of_another_compiler_is_not_read() -> None:
    forms = Forms(CONTENT)
    forms.index = {"compiler": "another", "something": "else"}
    forms.texts = []
    found = loaded(forms.packed())
    assert found.carried("shop.refund") is None
    assert [found.evaluate(action).to_dict() for action in actions()] == EXPECTED
    check_bundle(found.bundled)


def test_the_form_of_other_policies_is_refused() -> None:
    other = Forms(content_of(checked([("shop.gate", TEXT.replace("100 USD", "900 USD"))], {})))
    taken = {name: other.sections[name] for name in COMPILED_SECTIONS}
    content = Forms(CONTENT).with_sections(**{n.replace("-", "_"): c for n, c in taken.items()})
    with pytest.raises(BundleError, match="the compiled form in the bundle is that of other poli"):
        loaded(content)


@pytest.mark.parametrize("name", sorted(COMPILED_SECTIONS))
def test_a_form_that_is_not_whole_is_refused(name: str) -> None:
    content = Forms(CONTENT).with_sections(**{name.replace("-", "_"): None})
    with pytest.raises(BundleError, match="the compiled form in the bundle is malformed"):
        loaded(content)


# --- whether it says what the rules say


def lower(forms: Forms) -> None:
    """Let a tenant's limit be another one."""
    node = next(node for node in forms.nodes if [["8"]] in (node[3] or []))
    node[3] = [[["800"]] if bounds == [["8"]] else bounds for bounds in node[3]]


def fewer(forms: Forms) -> None:
    """Leave the only action out."""
    forms.index["actions"] = {}
    forms.texts = []


@pytest.mark.parametrize("change", [lower, fewer])
def test_verifying_compares_it_with_the_rules(change: Callable[[Forms], None]) -> None:
    content = build(many(layout.LEAST_ROWS))
    check_bundle(bundled(content))
    forms = Forms(content)
    change(forms)
    with pytest.raises(BundleError, match="does not hold one policy set as it is written"):
        check_bundle(bundled(forms.packed()))


def test_a_form_where_none_belongs_does_not_pass() -> None:
    with pytest.raises(BundleError, match="does not hold one policy set as it is written"):
        check_bundle(bundled(CONTENT))
    with all_compiled():
        check_bundle(bundled(CONTENT))


def test_many_rules_and_conditions_that_no_table_holds(interpretations: list[str]) -> None:
    """A guard that asks a history is open in every branch, and one function for all of them."""
    guard = (
        "history paid = pay.out\nguard often on pay.out when paid.count(within: 1d) > 3 => block"
    )
    made: CheckedPolicy = many(layout.LEAST_ROWS, guard)
    found = loaded(build(made))
    (unit,) = [found.carried("pay.out")]
    assert unit is not None and unit.answer is not None
    asked = [payment(tenant, "1 USD") for tenant in ("t1", "t200", "nobody")]
    decisions = [found.evaluate(action) for action in asked]
    assert interpretations == []
    expected = [PolicySet(made).decide_once(action).to_dict() for action in asked]
    assert [decision.to_dict() for decision in decisions] == expected
